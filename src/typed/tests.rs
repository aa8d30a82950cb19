//! Names and plans, case by case.

use super::names::column_name;
use super::{
    Column, ColumnType, Field, MOST_COLUMNS, MOST_KEY_BYTES, Obstacle, Owner, OwnerKind, SeenValues, Source,
    plan, view_names,
};
use std::collections::{BTreeMap, HashMap};

const CAMPAIGN: OwnerKind = OwnerKind::Campaign;
const TEXT: SeenValues = SeenValues { numbers: false, booleans: false, others: true };
const NUMBER: SeenValues = SeenValues { numbers: true, booleans: false, others: false };
const BOOLEAN: SeenValues = SeenValues { numbers: false, booleans: true, others: false };
const NOTHING: SeenValues = SeenValues { numbers: false, booleans: false, others: false };

#[test]
fn a_view_is_named_for_its_campaign_and_its_id() {
    let long = "é".repeat(40);
    let cases = [
        (Some("Rappel des rendez-vous"), "0a1b2c3d-4e5f", "rappel_des_rendez_vous_0a1b2c3d"),
        (Some("Rénovation énergétique – prêts"), "A9f00000", "rénovation_énergétique_prêts_a9f00000"),
        // An accent apart from its letter.
        (Some("Re\u{301}novation"), "a9f00000", "renovation_a9f00000"),
        (Some("ИЗМЕРЕНИЕ 2026"), "a9f00000", "измерение_2026_a9f00000"),
        (Some("東京・大阪"), "a9f00000", "東京_大阪_a9f00000"),
        (Some("2026 Q1"), "a9f00000", "_2026_q1_a9f00000"),
        (Some("🧊🧊"), "a9f00000", "campaign_a9f00000"),
        (Some(""), "a9f00000", "campaign_a9f00000"),
        (None, "a9f00000", "campaign_a9f00000"),
        (Some("select"), "a9f00000", "select_a9f00000"),
        (Some("x\"; drop schema revox cascade; --"), "a\"; drop", "x_drop_schema_revox_cascade_a_drop"),
        (Some("x"), "", "x_id"),
        (Some("x"), "日本語のとても長いID", "x_日本語のとても長"),
        (Some(&long), "a9f00000", &format!("{}_a9f00000", "é".repeat(27))),
    ];
    for (name, id, expected) in cases {
        let mut names = view_names(Owner { kind: CAMPAIGN, id }, name);
        let first = names.next().unwrap();
        assert_eq!(first, expected, "{name:?}");
        assert!(first.len() <= 63, "{first}");
        let second = names.next().unwrap();
        assert!(second.ends_with("_2") && second != first && second.len() <= 63, "{second}");
    }
}

#[test]
fn a_column_is_named_for_its_key_and_no_two_are_named_alike() {
    let (input, output) = (Source::Input, Source::Output);
    let long = "k".repeat(10_000);
    // In this order, each beside those before it.
    let cases = [
        ("email", input, "email"),
        ("Email", input, "email_2"),
        ("EMAIL ", input, "email_3"),
        ("email", output, "output_email"),
        ("E-mail", output, "e_mail"),
        ("status", input, "input_status"),
        ("Status", output, "output_status"),
        ("Ville de résidence", input, "ville_de_résidence"),
        ("ville-de-résidence", input, "ville_de_résidence_2"),
        ("", input, "key"),
        (" \u{1f9ca} ", input, "key_2"),
        ("", output, "output_key"),
        ("user", input, "user_"),
        ("Order", output, "order_"),
        ("2026", input, "_2026"),
        ("город", input, "город"),
        ("a\"; drop table x; --", input, "a_drop_table_x"),
        ("column", input, "column_"),
    ];
    let mut taken: HashMap<String, Option<Source>> = [("status".to_owned(), None)].into();
    for (key, source, expected) in cases {
        let name = column_name(key, source, &taken);
        assert_eq!(name, expected, "{key:?}");
        assert!(taken.insert(name, Some(source)).is_none());
    }
    for (key, bytes) in [(long.as_str(), 63), (&long, 63), (&"é".repeat(5_000), 62), (&"é".repeat(32), 62)]
    {
        let name = column_name(key, input, &taken);
        assert!(name.len() <= 63 && name.len() >= bytes - 2, "{name}");
        assert!(taken.insert(name, Some(input)).is_none());
    }
}

fn seen(keys: &[(Source, &str, SeenValues)]) -> BTreeMap<(Source, String), SeenValues> {
    keys.iter().map(|(source, key, values)| ((*source, (*key).to_owned()), *values)).collect()
}

fn field(name: &str, r#type: &str) -> Field {
    Field { name: Some(name.to_owned()), r#type: Some(r#type.to_owned()), ..Field::default() }
}

fn shape(columns: &[Column]) -> Vec<(&str, &str)> {
    columns.iter().map(|column| (column.name.as_str(), column.r#type.as_str())).collect()
}

#[test]
fn columns_are_typed_as_the_assistant_says_and_else_as_every_value_is() {
    let fields = [
        field("budget", "number"),
        field("owner", "boolean"),
        Field { enum_options: Some(vec!["hot".into(), "cold".into()]), ..field("interest", "enum") },
        field("visit", "date"),
        field("call back", "datetime"),
        field("budget", "string"),
        field("new", "telepathy"),
        Field::default(),
    ];
    let seen = seen(&[
        (Source::Input, "age", NUMBER),
        (Source::Input, "is_client", BOOLEAN),
        (Source::Input, "mixed", SeenValues { numbers: true, booleans: true, others: false }),
        (Source::Input, "name", TEXT),
        (Source::Input, "nothing", NOTHING),
        (Source::Output, "budget", TEXT),
        (Source::Output, "unasked", NUMBER),
    ]);
    let plan = plan(CAMPAIGN, (&[], &[]), &fields, &seen);
    let expected = [
        ("age", "numeric"),
        ("is_client", "boolean"),
        ("mixed", "text"),
        ("name", "text"),
        ("nothing", "text"),
        ("budget", "numeric"),
        ("owner", "boolean"),
        ("interest", "text"),
        ("visit", "date"),
        ("call_back", "timestamptz"),
        ("new", "text"),
        ("unasked", "numeric"),
    ];
    assert_eq!(shape(&plan.columns), expected);
    assert!(plan.columns[7].comment.ends_with("One of: hot, cold"), "{:?}", plan.columns[7]);
    assert_eq!(plan.impossible, []);
}

#[test]
fn a_column_never_goes_moves_or_changes_its_type() {
    let first = plan(
        CAMPAIGN,
        (&[], &[]),
        &[field("budget", "number"), field("visit", "date")],
        &seen(&[(Source::Input, "z", NUMBER)]),
    );
    let later =
        [Field { description: Some("In euros".into()), ..field("budget", "string") }, field("a", "date")];
    let seen = seen(&[(Source::Input, "a", TEXT), (Source::Input, "z", TEXT)]);
    let second = plan(CAMPAIGN, (&first.columns, &first.impossible), &later, &seen);
    let expected =
        [("z", "numeric"), ("budget", "numeric"), ("visit", "date"), ("a", "text"), ("output_a", "date")];
    assert_eq!(shape(&second.columns), expected);
    assert!(second.columns[1].comment.ends_with("In euros"), "{:?}", second.columns[1]);
    let [kept] = second.impossible.as_slice() else { panic!("{:?}", second.impossible) };
    assert_eq!((kept.obstacle, kept.key.as_str()), (Obstacle::TypeKept, "budget"));
    assert!(kept.why.contains("string") && kept.why.contains("numeric"), "{kept:?}");

    assert_eq!(
        plan(CAMPAIGN, (&second.columns, &second.impossible), &later, &BTreeMap::new()),
        second,
        "the same again"
    );
    let mended =
        plan(CAMPAIGN, (&second.columns, &second.impossible), &[field("budget", "number")], &BTreeMap::new());
    assert_eq!(mended.impossible, []);
    assert_eq!(shape(&mended.columns), expected);
}

#[test]
fn what_a_view_cannot_hold_is_said() {
    let mut keys = BTreeMap::new();
    for number in 0..MOST_COLUMNS + 300 {
        keys.insert((Source::Input, format!("k{number:05}")), TEXT);
    }
    keys.insert((Source::Input, "a".repeat(MOST_KEY_BYTES + 1)), TEXT);
    let full = plan(CAMPAIGN, (&[], &[]), &[field("late", "date")], &keys);
    assert_eq!(full.columns.len(), MOST_COLUMNS);
    assert_eq!(full.impossible.len(), 100, "a list that ends");
    assert!(full.impossible[0].why.contains("longer than 16384 bytes"), "{:?}", full.impossible[0]);
    assert_eq!(full.impossible[0].key.len(), 200);
    assert!(full.impossible[1].why.contains("1500 columns"), "{:?}", full.impossible[1]);

    let again = plan(CAMPAIGN, (&full.columns, &full.impossible), &[], &BTreeMap::new());
    assert_eq!(again, full, "what was left out is remembered");
    assert_eq!(again.columns[0].r#type, ColumnType::Text);
}
