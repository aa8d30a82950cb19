//! What is said of settings that are wrong, and hold a secret.

use super::heard::Heard;
use super::planting::MARKER;
use crate::support::program;
use crate::support::setting::Setting;
use url::Url;

/// Arguments, and the variables that are at fault.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

/// Runs the program with settings of which each is at fault, and adds what it says.
pub(crate) async fn wrong_ones(heard: &mut Heard, setting: &Setting, password: &str) {
    let mut database = Url::parse(setting.database().url()).unwrap();
    database.set_username("nobody_of_that_name").unwrap();
    database.set_password(Some(MARKER)).unwrap();
    let mut unreachable = database.clone();
    unreachable.set_port(Some(1)).unwrap();
    let user_in_url = format!("https://{MARKER}:{MARKER}@api.example/api");
    let query_in_url = format!("https://api.example/api?key={MARKER}");
    let malformed = format!("postgres://user:{password}@host:port/{MARKER}");
    let other_scheme = format!("mysql://user:{password}@host/{MARKER}");
    let proxy = format!("http://{MARKER}:{MARKER}@127.0.0.1:1");
    let with_space = format!("{MARKER} {MARKER}");
    let short = &MARKER[..8];
    let cases: [Case<'_>; 11] = [
        (&["check"], &[("REVOX_BASE_URL", &user_in_url)]),
        (&["check"], &[("REVOX_BASE_URL", &query_in_url)]),
        (&["check"], &[("REVOX_API_KEY", &with_space)]),
        (&["check"], &[("REVOX_BASE_URL", "https://api.invalid/api"), ("HTTPS_PROXY", &proxy)]),
        (&["run", "--once"], &[("REVOX_BASE_URL", "https://api.invalid/api"), ("https_proxy", &proxy)]),
        (&["check"], &[("DATABASE_URL", database.as_str())]),
        (&["check"], &[("DATABASE_URL", unreachable.as_str())]),
        (&["check"], &[("DATABASE_URL", &malformed)]),
        (&["check"], &[("DATABASE_URL", &other_scheme)]),
        (&["run"], &[("REVOX_MIRROR__ADMIN__TOKEN", short), ("REVOX_MIRROR__ADMIN__HOOK_SECRET", short)]),
        (&["run"], &[("REVOX_MIRROR__REVOX__API_KYE", MARKER)]),
    ];
    for (arguments, wrong) in cases {
        let own = setting.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut environment: Vec<(&str, &str)> = own.collect();
        environment.push(("REVOX_MIRROR__ADMIN__LISTEN", "127.0.0.1:0"));
        environment.extend(wrong);
        let run = program::run(arguments, &environment).await;
        assert_ne!(run.code, Some(0), "{wrong:?}: {}", run.out);
        heard.add_run(&format!("{} with {}", arguments.join(" "), wrong[0].0), &run);
    }
}
