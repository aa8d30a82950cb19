//! `erase`: removes people from every table, and keeps later passes from bringing them back.

use super::Context;
use super::database::{self, Database, Whose};
use super::exit::{CommandError, Exit};
use super::interrupt;
use super::table::Table;
use crate::normalize::{ErasedKind, Hash, PhoneNumbers, PrivacyKey, bare_number};
use crate::store::{Belongings, Removed, Store, StoreError};
use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// `erase`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("whom").required(true).multiple(true).args(["phones", "calls"]),
    after_help = "What is removed is known by keyed hashes from then on (privacy.key_file), so that no pass brings it back. \
        It works while the daemon runs. docs/privacy.md says what is removed, and what of it may be left in backups."
)]
pub(super) struct EraseArguments {
    /// Everything about the person with this number, with its country code: +33612345678; may be given several times
    #[arg(long = "phone", value_name = "NUMBER", value_parser = phone)]
    phones: Vec<String>,
    /// This call, and the contact of each row that shows it; may be given several times
    #[arg(long = "call", value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    calls: Vec<String>,
    /// Remove nothing, and show how many lines of each table would go
    #[arg(long)]
    dry_run: bool,
    /// As JSON, for programs: whether it is a dry run, lines by table, and their total
    #[arg(long)]
    json: bool,
}

/// Fewer digits are nobody's number, and would be found in half of all texts.
const FEWEST_DIGITS: usize = 6;

fn phone(text: &str) -> Result<String, String> {
    let written = text.trim();
    let written =
        ["tel:", "whatsapp:"].into_iter().find_map(|kind| written.strip_prefix(kind)).unwrap_or(written);
    // Half of a list, or what stands in the place of a number, would be remembered and never found again.
    if !written.chars().all(|letter| letter.is_ascii_digit() || "+ -./()\u{a0}".contains(letter)) {
        return Err(
            "a phone number has digits, and the signs between them; a hash is none: give the number itself"
                .to_owned(),
        );
    }
    let number = bare_number(written);
    if number.len() < FEWEST_DIGITS || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("a phone number has {FEWEST_DIGITS} digits at least, such as +33612345678"));
    }
    Ok(number)
}

pub(super) async fn run(context: &Context, arguments: &EraseArguments) -> anyhow::Result<Exit> {
    let secret = context.settings.privacy.key()?.ok_or(CommandError::NoPrivacyKey)?;
    let key = PrivacyKey::new(secret.expose_secret());
    if !database::exists(&context.settings, Whose::Mirror)? {
        return Err(CommandError::NoMirror.into());
    }
    let database = interrupt::or_signal(Database::open(&context.settings, Whose::Mirror)).await?;
    let outcome = interrupt::or_signal(async {
        let store = database.connect().await?;
        store.check_schema().await?;
        let removed = erase(context, &store, &key, arguments).await?;
        store.close().await;
        Ok(removed)
    })
    .await;
    context.close(database).await;
    let removed = outcome?;
    if arguments.json {
        context.terminal.print(&as_json(&removed, arguments.dry_run).to_string());
    } else {
        show(context, &removed, arguments.dry_run);
    }
    Ok(Exit::Complete)
}

async fn erase(
    context: &Context,
    store: &Store,
    key: &PrivacyKey,
    arguments: &EraseArguments,
) -> anyhow::Result<Removed> {
    let EraseArguments { phones, calls, dry_run, json: _ } = arguments;
    if store.load_erasures().await?.key_check.is_some_and(|held| held != key.check()) {
        return Err(StoreError::OtherPrivacyKey.into());
    }
    let numbers: HashSet<Hash> = phones.iter().map(|phone| key.phone(phone)).collect();
    // However numbers are, or were once, written.
    let forms: HashSet<String> = [PhoneNumbers::Hashed, PhoneNumbers::Masked]
        .iter()
        .flat_map(|how| phones.iter().map(|phone| key.written(phone, *how)))
        .collect();
    let is_theirs = |stored: &str| forms.contains(stored) || numbers.contains(&key.phone(stored));
    let remember = |kind, values: &[String]| -> Vec<(ErasedKind, Hash)> {
        values.iter().map(|value| (kind, key.erased(kind, value))).collect()
    };
    if !dry_run {
        // First of all, so that nothing comes back behind the removal.
        let erased = [remember(ErasedKind::Phone, phones), remember(ErasedKind::Call, calls)].concat();
        store.remember_erased(&key.check(), &erased, context.clock.now()).await?;
    }
    let nobody = None::<fn(&str) -> bool>;
    let of_calls =
        if calls.is_empty() { Belongings::default() } else { store.find_belongings(nobody, calls).await? };
    if !dry_run && !of_calls.rows.is_empty() {
        // A row that shows one of the calls is left out by its own id, too, should it show another call later.
        let rows: Vec<String> = of_calls.rows.iter().cloned().collect();
        let erased = remember(ErasedKind::Row, &rows);
        store.remember_erased(&key.check(), &erased, context.clock.now()).await?;
    }
    let belongings = match phones.as_slice() {
        [] => of_calls,
        _ => store.find_belongings(Some(is_theirs), calls).await?,
    };
    let removed = store
        .remove_belongings(
            &belongings,
            |text| forms.iter().any(|form| text.contains(form)) || mentions(text, phones, &belongings),
            *dry_run,
        )
        .await?;
    let lines: u64 = removed.values().sum();
    tracing::info!(phones = phones.len(), calls = calls.len(), lines, dry_run, "erased");
    Ok(removed)
}

/// Whether a text holds one of the numbers, whatever signs stand between the digits, or one of the ids.
fn mentions(text: &str, phones: &[String], belongings: &Belongings) -> bool {
    let Belongings { calls, attempts, rows: _ } = belongings;
    let digits: String = text.chars().filter(|letter| !" -.()/+".contains(*letter)).collect();
    phones.iter().any(|phone| digits.contains(phone.as_str()))
        || calls.iter().chain(attempts).any(|id| text.contains(&format!("\"{id}\"")))
}

fn as_json(removed: &Removed, dry_run: bool) -> Value {
    let lines: Map<String, Value> = removed
        .iter()
        .filter(|(_, lines)| **lines > 0)
        .map(|(table, lines)| ((*table).to_owned(), (*lines).into()))
        .collect();
    json!({ "dry_run": dry_run, "lines": lines, "total": removed.values().sum::<u64>() })
}

fn show(context: &Context, removed: &Removed, dry_run: bool) {
    let mut table = Table::with_headings(["table", "lines"]);
    for (name, lines) in removed.iter().filter(|(_, lines)| **lines > 0) {
        table.add([(*name).to_owned(), lines.to_string()]);
    }
    let total: u64 = removed.values().sum();
    table.add(["all".to_owned(), total.to_string()]);
    if dry_run {
        context.terminal.print("A dry run: nothing was removed. These lines would be:");
    }
    context.terminal.print(&table.render());
    if total == 0 {
        context.terminal.print(
            "The mirror holds nothing of it. Is it written as Revox writes it? Numbers have their country code (+33612345678), \
             ids their capitals.",
        );
    }
    if !dry_run {
        context.terminal.print("No pass brings any of it back, as long as privacy.key_file names this key.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_mentions_a_number_however_it_is_written() {
        let phones = ["33612345678".to_owned()];
        let belongings = Belongings { calls: ["c1".to_owned()].into(), ..Belongings::default() };
        for (text, expected) in [
            (r#"{"phone":"+33 6 12 34 56 78"}"#, true),
            (r#"{"phone":33612345678}"#, true),
            (r#"{"a":"336123","b":"45678"}"#, false),
            (r#"{"id":"c1"}"#, true),
            (r#"{"id":"c12"}"#, false),
        ] {
            assert_eq!(mentions(text, &phones, &belongings), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for (text, expected) in [
            ("+33 6 12 34 56 78", Ok("33612345678")),
            ("0033612345678", Ok("33612345678")),
            ("12345", Err(())),
            ("anonymous", Err(())),
            ("whatsapp:+33612345678", Ok("33612345678")),
            ("+33612345678,+33699999999", Err(())),
            ("+33612345678 ext 5", Err(())),
            ("#1cf6e109f2558d954201f6027c337f32", Err(())),
            ("33*******78#1cf6e109f2558d95", Err(())),
            ("", Err(())),
        ] {
            assert_eq!(phone(text).map_err(|_| ()), expected.map(ToOwned::to_owned), "{text}");
        }
    }
}
