//! `check`: looks at everything that a pass needs, and says what to do about each.

use super::database::{Database, Whose};
use super::exit::{Exit, Failure};
use super::terminal::failure_text;
use super::{Context, accounts, interrupt, sharing, upkeep};
use crate::config::{Account, ConfigError};
use crate::normalize::PrivacyKey;
use crate::store::{Store, StoreError, TypedTrouble};
use secrecy::{ExposeSecret, SecretSlice};

/// What was found about one thing.
type Finding = anyhow::Result<String>;

pub(super) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let mut sheet = Sheet { context, worst: Exit::Complete };
    sheet.show("configuration", Ok(format!("the API is {}", context.settings.revox.base_url())));
    match context.settings.mirrored_accounts() {
        Ok(accounts) => {
            for account in &accounts {
                interrupt::or_signal(async {
                    let what = if accounts.len() == 1 {
                        "key".to_owned()
                    } else {
                        format!("key of {}", account.name)
                    };
                    let key = try_key(context, account).await;
                    sheet.show(&what, key);
                    Ok(())
                })
                .await?;
            }
        }
        Err(error) => sheet.show("key", Err(error.into())),
    }

    match interrupt::or_signal(Database::open(&context.settings, Whose::Mirror)).await {
        Ok(database) => {
            let looked = interrupt::or_signal(async {
                look_at_database(&database, &mut sheet).await;
                Ok(())
            })
            .await;
            context.close(database).await;
            looked?;
        }
        Err(error) => sheet.show("database", Err(error)),
    }
    Ok(sheet.worst)
}

async fn try_key(context: &Context, account: &Account) -> Finding {
    let client = accounts::client_of(&context.settings, account)?;
    let campaigns = client.fetch_campaigns().await?.body.campaigns.len();
    Ok(match campaigns {
        1 => "the API accepts it and lists 1 campaign".to_owned(),
        count => format!("the API accepts it and lists {count} campaigns"),
    })
}

async fn look_at_database(database: &Database, sheet: &mut Sheet<'_>) {
    let store = match database.connect().await {
        Ok(store) => store,
        Err(error) => return sheet.show("database", Err(error)),
    };
    let kind =
        if database.embedded().is_some() { "the embedded Postgres" } else { "the configured database" };
    sheet.show("database", Ok(format!("{kind} answers and is fit")));
    let rights = store.check_rights().await;
    sheet.show(
        "rights",
        rights.map(|()| "the user may do what the mirror does".to_owned()).map_err(Into::into),
    );
    sheet.show("schema", look_at_schema(&store).await);
    let languages = upkeep::languages(&store, &sheet.context.settings.search).await;
    let described = match languages {
        Ok(languages) => Ok(upkeep::described(&store, languages).await),
        Err(error) => Err(error),
    };
    sheet.show("search", described);
    let privacy = &sheet.context.settings.privacy;
    let mut found = look_at_privacy(&store, privacy.key()).await;
    if let (Ok(words), Some(path)) = (&mut found, privacy.open_key_file()) {
        let path = path.display();
        *words = format!("{words}\nothers can read it: chmod 600 {path}");
    }
    sheet.show("privacy", found);
    sheet.show("readers", look_at_readers(&store).await);
    match look_at_views(&store).await {
        Ok(Some(troubles)) => sheet.remark("views", &troubles),
        Ok(None) => {
            let text = "nothing is wrong with the views of campaigns and assistants";
            sheet.show("views", Ok(text.to_owned()));
        }
        Err(error) => sheet.show("views", Err(error)),
    }
    store.close().await;
}

/// What is wrong with typed views.
async fn look_at_views(store: &Store) -> anyhow::Result<Option<String>> {
    if store.check_schema().await.is_err() {
        return Ok(None);
    }
    let troubles = store.load_typed_troubles().await?;
    let remarks: Vec<String> = TypedTrouble::remarks(&troubles)
        .into_iter()
        .map(|(views, what, what_to_do)| format!("{views} {what}.\n  What to do: {what_to_do}."))
        .collect();
    Ok((!remarks.is_empty()).then(|| remarks.join("\n")))
}

async fn look_at_schema(store: &Store) -> Finding {
    match store.check_schema().await {
        Ok(()) => Ok("up to date".to_owned()),
        // No fault: the next run brings it up to date by itself.
        Err(StoreError::SchemaOlder { pending }) => Ok(format!(
            "{pending} migrations are to be applied: by the next run, or by `revox-mirror migrate`"
        )),
        Err(error) => Err(error.into()),
    }
}

/// Whether those who were erased can be known again: without the key no pass would begin.
async fn look_at_privacy(store: &Store, key: Result<Option<SecretSlice<u8>>, ConfigError>) -> Finding {
    let key = key?.map(|secret| PrivacyKey::new(secret.expose_secret()));
    let held = match store.check_schema().await {
        Ok(()) => store.load_erasures().await?.key_check,
        Err(_) => None,
    };
    match (key.map(|key| key.check()), held) {
        (None, Some(_)) => Err(StoreError::NoPrivacyKey.into()),
        (Some(key), Some(held)) if key != held => Err(StoreError::OtherPrivacyKey.into()),
        (Some(_), Some(_)) => Ok("privacy.key_file has the key by which erased people are known".to_owned()),
        (Some(_), None) => Ok("privacy.key_file has a key; nobody was erased so far".to_owned()),
        (None, None) => Ok("nobody was erased; `revox-mirror erase` wants privacy.key_file".to_owned()),
    }
}

/// Whether others can read what there is.
async fn look_at_readers(store: &Store) -> Finding {
    match store.check_schema().await {
        Ok(()) => Ok(sharing::finding(&store.missing_shares().await?)),
        Err(_) => Ok("there is nothing to read before the schema is up to date".to_owned()),
    }
}

/// The findings so far.
struct Sheet<'a> {
    context: &'a Context,
    worst: Exit,
}

impl Sheet<'_> {
    fn show(&mut self, what: &str, finding: Finding) {
        match finding {
            Ok(text) => self.print(what, "ok", &text),
            Err(error) => {
                let text = failure_text(&Failure::from(&error));
                self.print(what, "failed", text.trim_start_matches("error: "));
                let exit = Exit::of_error(&error);
                if exit.code() > self.worst.code() {
                    self.worst = exit;
                }
            }
        }
    }

    /// Something that a person should look at, and that no pass depends on: no fault.
    fn remark(&self, what: &str, text: &str) {
        self.print(what, "look at", text);
    }

    fn print(&self, what: &str, word: &str, text: &str) {
        let text = text.replace('\n', "\n                       ");
        self.context.terminal.print(&format!("{what:14} {word:7} {text}"));
    }
}
