//! What is wrong with typed views, in words for people: which view, what happened, what to do.
//!
//! What happened is what the last try came to; what to do follows from how the view stands now.

use super::StoreError;
use super::open::Store;
use super::statement::query;
use crate::typed::{Impossible, Obstacle, OwnerKind};
use serde::Serialize;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};

/// Views that are named where the same is wrong with many.
const MOST_NAMED: usize = 3;

/// One thing that is wrong with one view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypedTrouble {
    /// `campaign` or `assistant`.
    pub kind: &'static str,
    /// Its owner.
    pub owner_id: String,
    /// The owner's name.
    pub owner_name: Option<String>,
    /// The view, with its schema.
    pub view: String,
    /// What happened.
    pub what: String,
    /// What a person can do about it.
    pub what_to_do: String,
}

/// How a view stands whose last try failed.
struct Standing<'a> {
    schema: &'a str,
    view: &'a str,
    user: &'a str,
    state: Option<&'a str>,
}

impl Standing<'_> {
    fn what_to_do(&self) -> String {
        let Self { schema, view, user, state } = self;
        match state {
            Some("no_schema") => {
                format!("as an administrator: create schema {schema} authorization {user}; the next pass fills it")
            }
            Some("missing") => format!(
                "as the owner of the schema: grant usage, create on schema {schema} to {user}; the next pass makes the view"
            ),
            Some("taken") => format!(
                "rename or drop {view}, which the mirror has not made; or delete the view's line in revox_sync.typed_views, and \
                 it is made under another name. The next pass makes it"
            ),
            Some(_) => "give its columns the names and types back that revox_sync.typed_views.columns has, or drop it; the next \
                        pass makes it anew"
                .to_owned(),
            None => format!(
                "nothing, if the next pass comes through, which tries again; else end the long queries that hold the view, and \
                 see that {user} owns it"
            ),
        }
    }
}

impl TypedTrouble {
    /// What is wrong, for people, in threes: the views, what happened, what to do. Views of which the same is to be said
    /// are named together.
    #[must_use]
    pub fn remarks(troubles: &[Self]) -> Vec<(String, String, String)> {
        let mut alike: Vec<Vec<&Self>> = Vec::new();
        for trouble in troubles {
            let is_alike = |other: &&Self| {
                (other.kind, &other.what, &other.what_to_do)
                    == (trouble.kind, &trouble.what, &trouble.what_to_do)
            };
            match alike.iter_mut().find(|group| group.first().is_some_and(is_alike)) {
                Some(group) => group.push(trouble),
                None => alike.push(vec![trouble]),
            }
        }
        let remark = |group: &Vec<&Self>| {
            let first = group.first()?;
            let names: Vec<String> = group.iter().take(MOST_NAMED).map(|trouble| trouble.subject()).collect();
            let names = names.join(", ");
            let subject = match group.len() {
                1 => format!("The view {names}"),
                count if count <= MOST_NAMED => format!("The views {names}"),
                count => format!("The views {names} and {} more", count - MOST_NAMED),
            };
            Some((subject, first.what.clone(), first.what_to_do.clone()))
        };
        alike.iter().filter_map(remark).collect()
    }

    fn subject(&self) -> String {
        match self.owner_name.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => format!("{} of {} {name}", self.view, self.kind),
            None => format!("{} of {} {}", self.view, self.kind, self.owner_id),
        }
    }
}

impl Store {
    /// What is wrong with typed views; of owners that are gone nothing is said.
    pub async fn load_typed_troubles(&self) -> Result<Vec<TypedTrouble>, StoreError> {
        let mut transaction = self.begin_reading().await?;
        load_typed_troubles(&mut transaction).await
    }
}

/// The same, within a transaction.
pub(super) async fn load_typed_troubles(
    connection: &mut PgConnection,
) -> Result<Vec<TypedTrouble>, StoreError> {
    let rows = query(
        "select s.kind, s.owner_id, s.owner_name, s.view_name, s.trouble, s.state, s.impossible, quote_ident(current_user)
         from revox_sync.typed_standing s
         where s.trouble is not null or s.impossible <> '[]'
         order by s.kind desc, s.owner_name, s.owner_id",
    )
    .fetch_all(connection)
    .await
    .map_err(StoreError::query("reading what is wrong with typed views"))?;
    let mut troubles = Vec::new();
    for row in rows {
        let kind = OwnerKind::of(row.get(0));
        let (owner_id, owner_name): (String, Option<String>) = (row.get(1), row.get(2));
        let view = format!("{}.{}", kind.schema(), row.get::<String, _>(3));
        let Json(impossible): Json<Vec<Impossible>> = row.get(6);
        let mut add = |what: String, what_to_do: String| {
            troubles.push(TypedTrouble {
                kind: kind.as_str(),
                owner_id: owner_id.clone(),
                owner_name: owner_name.clone(),
                view: view.clone(),
                what,
                what_to_do,
            });
        };
        if let Some(trouble) = row.get::<Option<String>, _>(4) {
            let user: String = row.get(7);
            let state: Option<String> = row.get(5);
            let standing =
                Standing { schema: kind.schema(), view: &view, user: &user, state: state.as_deref() };
            add(format!("could not be made or changed: {trouble}"), standing.what_to_do());
        }
        for (obstacle, what_to_do) in [
            (
                Obstacle::TypeKept,
                "nothing, if the column may stay: what does not fit is null in it, and counted; else drop the view and delete its \
                 line in revox_sync.typed_views, and the next pass makes it with the types of now",
            ),
            (
                Obstacle::LeftOut,
                "nothing: the values are in input_data and structured_output; revox_sync.typed_views.impossible lists the keys",
            ),
        ] {
            add_impossible(&mut add, &impossible, obstacle, what_to_do);
        }
    }
    Ok(troubles)
}

fn add_impossible(
    add: &mut impl FnMut(String, String),
    impossible: &[Impossible],
    obstacle: Obstacle,
    what_to_do: &str,
) {
    let mut alike = impossible.iter().filter(|it| it.obstacle == obstacle);
    let Some(first) = alike.next() else { return };
    let more = match alike.count() {
        0 => String::new(),
        count => format!(", and {count} more like it"),
    };
    let what = match obstacle {
        Obstacle::TypeKept => "does not follow the type of the field",
        Obstacle::LeftOut => "has no column for the key",
    };
    add(format!("{what} {} ({}){more}", first.key, first.why), what_to_do.to_owned());
}
