//! What sets what, and what the errors say.

use super::{ConfigError, Settings, environment};
use secrecy::ExposeSecret;
use std::io::Write;
use std::time::Duration;

fn load(file: Option<&str>, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let environment = environment::pick(variables)?;
    let Some(text) = file else {
        return Settings::from_sources(None, &environment);
    };
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    file.write_all(text.as_bytes()).expect("it can be written");
    Settings::from_sources(Some(file.path()), &environment)
}

#[track_caller]
fn refused(file: Option<&str>, variables: &[(&str, &str)]) -> String {
    let error = load(file, variables).expect_err("the configuration must be refused");
    format!("{error} / {}", error.hint().unwrap_or_default())
}

#[test]
fn the_defaults_are_those_that_the_documents_promise() {
    let settings = load(None, &[]).expect("the defaults are sound");
    assert_eq!(settings.revox.base_url(), "https://www.getrevox.com/api");
    assert_eq!(settings.api.page_size, 100);
    assert_eq!(settings.api.max_concurrent_requests, 8);
    assert_eq!(settings.api.requests_per_second, None);
    assert_eq!(settings.api.max_bytes_in_flight, 24 << 20);
    assert_eq!(settings.sync.settle_window, Duration::from_hours(24));
    assert_eq!(settings.sync.full_walk_every, Duration::from_hours(24));
    assert_eq!(settings.sync.keep_runs, Duration::from_hours(90 * 24));
    assert_eq!(settings.daemon.lease_ttl, Duration::from_secs(30));
    assert_eq!(settings.schedule.cron.as_str(), "0 */5 * * * *");
    assert_eq!(settings.admin.listen(), Some(([127, 0, 0, 1], 9464).into()));
    assert_eq!(settings.reporting.time_zone.name(), "UTC");
    assert!(settings.views.per_campaign && settings.views.per_assistant);
    assert!(settings.localdb.download);
    assert!(settings.database.url().expect("no file is named").is_none());
    assert!(matches!(settings.revox.api_key(), Err(ConfigError::MissingKey)));
}

#[test]
fn the_environment_beats_the_file_and_the_file_the_defaults() {
    let file = "[api]\npage_size = 50\nmax_tries = 3\n[sync]\nsettle_window = \"2h\"\n";
    let settings = load(Some(file), &[("REVOX_MIRROR__API__PAGE_SIZE", "25")]).expect("sound");
    assert_eq!(settings.api.page_size, 25);
    assert_eq!(settings.api.max_tries, 3);
    assert_eq!(settings.sync.settle_window, Duration::from_hours(2));
    assert_eq!(settings.api.max_concurrent_requests, 8);
}

#[test]
fn strings_of_the_environment_become_numbers_bools_bytes_and_times() {
    let settings = load(
        None,
        &[
            ("REVOX_MIRROR__API__REQUESTS_PER_SECOND", "2.5"),
            ("REVOX_MIRROR__API__MAX_BYTES_IN_FLIGHT", "1MiB"),
            ("REVOX_MIRROR__API__TOTAL_TIMEOUT", "1m 30s"),
            ("REVOX_MIRROR__LOCALDB__DOWNLOAD", "false"),
            ("REVOX_MIRROR__SCHEDULE__CAMPAIGNS__CMP_1__CRON", "0 0 * * * *"),
        ],
    )
    .expect("sound");
    assert_eq!(settings.api.requests_per_second, Some(2.5));
    assert_eq!(settings.api.max_bytes_in_flight, 1 << 20);
    assert_eq!(settings.api.total_timeout, Duration::from_secs(90));
    assert!(!settings.localdb.download);
    let own = settings.schedule.of("cmp_1");
    assert_eq!(own.cron.as_ref().map(super::Cron::as_str), Some("0 0 * * * *"));
}

#[test]
fn a_key_of_digits_keeps_its_leading_zero() {
    let settings = load(None, &[("REVOX_API_KEY", "0123456")]).expect("sound");
    assert_eq!(settings.revox.api_key().expect("set").expose_secret(), "0123456");
}

#[test]
fn an_empty_secret_or_address_counts_as_unset_but_an_empty_admin_address_counts() {
    let settings = load(
        Some("[revox]\nbase_url = \"https://example.com/api\"\n"),
        &[
            ("REVOX_API_KEY", ""),
            ("REVOX_BASE_URL", " "),
            ("DATABASE_URL", ""),
            ("REVOX_MIRROR__REVOX__API_KEY", ""),
            ("REVOX_MIRROR__ADMIN__LISTEN", ""),
        ],
    )
    .expect("sound");
    assert_eq!(settings.revox.base_url(), "https://example.com/api");
    assert!(settings.database.url().expect("no file is named").is_none());
    assert!(matches!(settings.revox.api_key(), Err(ConfigError::MissingKey)));
    assert_eq!(settings.admin.listen(), None);
}

#[test]
fn an_unknown_key_is_named_with_its_source_and_the_keys_that_are_known() {
    for (file, variables, expected) in [
        (None, &[("REVOX_MIRROR__API__PAGE_SIZ", "5")][..], "api.page_siz is no configuration key"),
        (
            None,
            &[("REVOX_MIRROR__API__PAGE_SIZ", "5")][..],
            "the environment variable REVOX_MIRROR__API__PAGE_SIZ",
        ),
        (None, &[("REVOX_MIRROR__API__PAGE_SIZ", "5")][..], "max_concurrent_requests"),
        (None, &[("REVOX_MIRROR__APIS__PAGE_SIZE", "5")][..], "apis is no configuration key"),
        (None, &[("REVOX_MIRROR__APIS__PAGE_SIZE", "5")][..], "the sections are revox, database"),
        (None, &[("REVOX_MIRROR__API", "5")][..], "api is a section"),
        (None, &[("REVOX_MIRROR__", "5")][..], "REVOX_MIRROR__ sets it"),
        (Some("[sync]\nsettle = 1\n"), &[][..], "sync.settle is no configuration key, and the file /"),
        (Some("page_size = 1\n"), &[][..], "page_size is no configuration key"),
        (Some("api = 1\n"), &[][..], "api is a section"),
    ] {
        let message = refused(file, variables);
        assert!(message.contains(expected), "{message} should hold {expected}");
    }
}

#[test]
fn a_value_out_of_bounds_is_named_with_its_bounds_and_its_source() {
    for (name, value, expected) in [
        ("API__PAGE_SIZE", "0", "api.page_size must be between 1 and 10000, and is 0"),
        (
            "API__PAGE_SIZE",
            "many",
            "api.page_size must be a whole number that is not negative, and is \"many\"",
        ),
        ("API__PAGE_SIZE", "-1", "and is \"-1\""),
        ("API__REQUESTS_PER_SECOND", "0", "api.requests_per_second must be greater than 0"),
        ("API__REQUESTS_PER_SECOND", "NaN", "api.requests_per_second must be greater than 0"),
        ("API__TOTAL_TIMEOUT", "60", "api.total_timeout must be a length of time with its unit"),
        ("API__MAX_BYTES_IN_FLIGHT", "much", "api.max_bytes_in_flight must be a number of bytes"),
        ("LOCALDB__DOWNLOAD", "maybe", "localdb.download must be true or false, and is \"maybe\""),
        ("SYNC__BATCH_ROWS", "0", "sync.batch_rows must be between 1 and 10000"),
        ("DAEMON__LEASE_TTL", "1s", "daemon.lease_ttl must be between 3s and 1h, and is 1s"),
        ("SCHEDULE__CRON", "now", "schedule.cron must have five fields"),
        ("REPORTING__TIME_ZONE", "Paris", "reporting.time_zone must be a time zone such as"),
        ("ADMIN__LISTEN", "9464", "admin.listen must be an address"),
        ("LOG__FORMAT", "xml", "log.format must be auto, text or json"),
        (
            "PRIVACY__TRANSCRIPTS",
            "never",
            "privacy.transcripts must be \"keep\" or \"leave_out\", and is \"never\"",
        ),
        (
            "PRIVACY__PHONE_NUMBERS",
            "Hashed",
            "privacy.phone_numbers must be \"full\" or \"hashed\" or \"masked\", and is \"Hashed\"",
        ),
        ("LOG__LEVEL", "loud", "log.level must be off, error"),
        ("REVOX__BASE_URL", "http://example.com/api", "revox.base_url must begin with https://"),
        ("REVOX__BASE_URL", "ftp://example.com", "revox.base_url must begin with https://"),
        ("REVOX__BASE_URL", "example", "revox.base_url must be a URL"),
        ("REVOX__BASE_URL", "https://me:pass@example.com", "must not hold a user or a password"),
        ("REVOX__BASE_URL", "https://example.com/api?x=1", "must end with its path"),
    ] {
        let name = format!("REVOX_MIRROR__{name}");
        let message = refused(None, &[(&name, value)]);
        assert!(message.contains(expected), "{message} should hold {expected}");
        assert!(
            message.contains(&format!("the environment variable {name}")),
            "{message} should name {name}"
        );
    }
    assert!(refused(Some("[api]\npage_size = 0\n"), &[]).contains("correct it in the file /"));
}

#[test]
fn plain_http_is_for_loopback_alone() {
    for url in ["http://127.0.0.1:8080/api", "http://localhost:1/api/", "http://[::1]:9/api"] {
        let settings = load(None, &[("REVOX_BASE_URL", url)]).expect("loopback may be plain");
        assert_eq!(settings.revox.base_url(), url.trim_end_matches('/'));
    }
    for url in ["http://localhost.example.com/", "http://10.0.0.1/", "http://0.0.0.0/"] {
        assert!(refused(None, &[("REVOX_BASE_URL", url)]).contains("https://"));
    }
}

#[test]
fn the_stronger_source_decides_between_a_secret_and_a_file_for_it() {
    let mut secret = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    secret.write_all(b"  from-file\n").expect("it can be written");
    let path = secret.path().to_str().expect("UTF-8");
    let key = |settings: Settings| settings.revox.api_key().expect("set").expose_secret().to_owned();

    let file = "[revox]\napi_key = \"from-config\"\n";
    assert_eq!(key(load(Some(file), &[("REVOX_API_KEY_FILE", path)]).expect("sound")), "from-file");
    let file = format!("[revox]\napi_key_file = {path:?}\n");
    assert_eq!(key(load(Some(&file), &[]).expect("sound")), "from-file");
    assert_eq!(key(load(Some(&file), &[("REVOX_API_KEY", "from-env")]).expect("sound")), "from-env");

    let message = refused(None, &[("REVOX_API_KEY", "marker"), ("REVOX_API_KEY_FILE", path)]);
    assert!(message.contains("revox.api_key must not be set together with revox.api_key_file"), "{message}");
    assert!(!message.contains("marker"));
}

#[test]
fn no_error_shows_a_secret() {
    let unterminated = "[revox]\napi_key = \"marker\n";
    let message = refused(Some(unterminated), &[]);
    assert!(message.contains("line 2") && !message.contains("marker"), "{message}");

    let settings =
        load(None, &[("REVOX_API_KEY", "mar\nker"), ("DATABASE_URL", "mysql://me:marker@host/db")])
            .expect("secrets are looked at when they are asked for");
    let key = settings.revox.api_key().expect_err("a key has no line breaks").to_string();
    let url = settings.database.url().expect_err("another database").to_string();
    assert!(!key.contains("ker") && url.contains("database.url") && !url.contains("marker"), "{key} {url}");
    assert!(!format!("{settings:?}").contains("marker"));
}

#[test]
fn a_secret_file_that_is_missing_or_empty_is_named_when_the_secret_is_asked_for() {
    let settings = load(None, &[("REVOX_API_KEY_FILE", "/nonexistent/key")]).expect("not read yet");
    let error = settings.revox.api_key().expect_err("there is no such file");
    assert!(error.to_string().contains("/nonexistent/key that revox.api_key_file names"), "{error}");

    let empty = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    let path = empty.path().to_str().expect("UTF-8");
    let settings = load(None, &[("REVOX_API_KEY_FILE", path)]).expect("not read yet");
    let error = settings.revox.api_key().expect_err("the file is empty");
    assert!(error.to_string().contains("names an empty file"), "{error}");
}

#[test]
fn columns_of_contact_lists_are_named_in_a_list_or_in_a_text() {
    for (file, variables) in [
        (Some("[privacy]\ninput_keys_left_out = [\"Birthday\", \" first name\"]\n"), &[][..]),
        (Some("[privacy]\ninput_keys_left_out = \"first name, birthday,\"\n"), &[]),
        (None, &[("REVOX_MIRROR__PRIVACY__INPUT_KEYS_LEFT_OUT", "first name,BIRTHDAY")]),
    ] {
        let settings = load(file, variables).expect("sound");
        assert_eq!(settings.privacy.input_keys_left_out(), ["birthday", "first name"], "{file:?}");
    }
    assert!(load(None, &[]).expect("sound").privacy.input_keys_left_out().is_empty());
}

#[test]
fn what_cannot_be_left_out_like_this_is_refused() {
    let hashed = refused(None, &[("REVOX_MIRROR__PRIVACY__PHONE_NUMBERS", "hashed")]);
    assert!(hashed.contains("privacy.phone_numbers") && hashed.contains("privacy.key_file"), "{hashed}");
    for (name, key) in [
        ("TRANSCRIPTS", "transcripts"),
        ("RECORDING_URLS", "recording_urls"),
        ("PHONE_NUMBERS", "phone_numbers"),
    ] {
        let name = format!("REVOX_MIRROR__PRIVACY__{name}");
        let wrong = refused(None, &[(&name, "perhaps")]);
        assert!(wrong.contains(&format!("privacy.{key}")), "{wrong}");
    }
}
