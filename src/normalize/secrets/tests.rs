//! Tables of cases and properties of the scrubbing.

use super::*;
use proptest::prelude::*;

#[test]
fn credentials_are_told_by_their_names() {
    let credentials = [
        "api_key",
        "apikey",
        "apiKey",
        "API-KEY",
        "x-api-key",
        "openai_api_key",
        "secret",
        "client_secret",
        "clientsecret",
        "SECRETS",
        "token",
        "access_token",
        "accessToken",
        "refresh_tokens",
        "idToken",
        "password",
        "db_password",
        "PASSWD",
        "passphrase",
        "authorization",
        "Proxy-Authorization",
        "auth",
        "basic_auth",
        "OAuth",
        "bearer",
        "credential",
        "credentials",
        "private_key",
        "PrivateKeyPem",
        "signature",
        "x-goog-signature",
        "cookie",
        "Set-Cookie",
        "session_key",
        "sessionToken",
        "aws_access_key_id",
        "encryption_key",
        "jwt",
        "connection_string",
        "Ocp-Apim-Subscription-Key",
        "sig",
        "dsn",
        "Mot de passe",
        "clé API",
        "body_template",
        "has_api_key",
    ];
    for name in credentials {
        assert!(is_credential(name), "{name}");
    }
    let harmless = [
        "max_tokens",
        "token_count",
        "tokens",
        "prompt_tokens",
        "maxToken",
        "token_limit",
        "token_type",
        "keyboard",
        "keyboard-typing.ogg",
        "key",
        "keys",
        "author",
        "authority",
        "secretary",
        "monkey",
        "metadata_keys",
        "name",
        "auth_method",
        "connection_id",
        "passenger",
        "signed_at",
        "token_expires_at",
        "password_reset_requested",
        "authorization_status",
        "primary_key",
        "pin_code",
        "signal",
        "id",
        "",
        "-",
        "é",
    ];
    for name in harmless {
        assert!(!is_credential(name), "{name}");
    }
}

#[test]
fn urls_lose_user_and_query() {
    let cases = [
        ("https://a.example/x/y", "https://a.example/x/y"),
        ("https://a.example", "https://a.example"),
        ("https://u:p@a.example/x", "https://a.example/x"),
        ("https://u@a.example", "https://a.example"),
        ("https://u:p@ss@a.example:8443/x?k=v", "https://a.example:8443/x"),
        ("https://a.example/@user/x", "https://a.example/@user/x"),
        ("https://a.example/x?token=1", "https://a.example/x"),
        ("https://a.example?token=1", "https://a.example"),
        ("https://a.example/x?", "https://a.example/x"),
        ("https://a.example/x#part", "https://a.example/x#part"),
        ("https://a.example/x?k=v#part", "https://a.example/x#part"),
        ("https://a.example/#access_token=1", "https://a.example/"),
        ("https://a.example/#/page?token=1", "https://a.example/#/page"),
        ("https://a.example/#access_token=1?x", "https://a.example/"),
        ("HTTP://U:P@a.example/", "HTTP://a.example/"),
        ("a.example/x?k=v", "a.example/x"),
        ("u:p@a.example/x", "a.example/x"),
        ("", ""),
    ];
    for (url, expected) in cases {
        assert_eq!(strip(url), expected, "{url}");
    }
}

#[test]
fn urls_among_peoples_own_data_lose_what_is_named_like_a_credential() {
    let cases = [
        ("https://a.example/x?id=12&page=2#part", "https://a.example/x?id=12&page=2#part"),
        ("https://u:p@a.example/x?id=12", "https://a.example/x?id=12"),
        ("https://a.example/x?id=12&access_token=s&n=1", "https://a.example/x?id=12&n=1"),
        ("https://a.example/x?key=s", "https://a.example/x"),
        ("https://a.example/x?sig=s;api%5Fkey=s#", "https://a.example/x#"),
        ("https://a.example/x?token=", "https://a.example/x?token="),
        ("https://a.example/?", "https://a.example/?"),
        ("https://a.example/#access_token=s&state=1", "https://a.example/#state=1"),
        ("https://a.example/#/page?token=s", "https://a.example/#/page"),
        ("https://a.example/#/page?token=s&id=1", "https://a.example/#/page?id=1"),
        (
            "postgres://u:p@db.example:5432/app?sslmode=require",
            "postgres://db.example:5432/app?sslmode=require",
        ),
    ];
    for (url, expected) in cases {
        assert_eq!(clean(url), expected, "{url}");
        assert_eq!(scrub_text(url.into()), expected, "{url}");
    }
    assert_eq!(strip_url("wss://u:p@a.example/x?id=1"), "wss://a.example/x");
    assert_eq!(url_without_user("https://u:p@a.example/x?sig=s"), "https://a.example/x?sig=s");
}

#[test]
fn a_text_is_scrubbed_when_it_is_json_or_a_url_as_a_whole() {
    let cases = [
        (r#"{"token":"s","n":1}"#, r#"{"token":"[scrubbed]","n":1}"#),
        (r#" [{"secret":"s"}]"#, r#" [{"secret":"[scrubbed]"}]"#),
        (r#"{"token":"s","n"#, r#"{"token":"[scrubbed]","n"#),
        (r#"{"a":"{\"token\":\"s\"}"}"#, r#"{"a":"{\"token\":\"[scrubbed]\"}"}"#),
        ("my password is hunter2", "my password is hunter2"),
        ("see https://u:p@a.example/?token=s", "see https://u:p@a.example/?token=s"),
        ("https://a.example/?token=s is the link", "https://a.example/?token=s is the link"),
        ("[laughs] \"token\": \"s\"", "[laughs] \"token\": \"s\""),
        ("{{first_name}}", "{{first_name}}"),
        ("", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(scrub_text(text.into()), expected, "{text}");
    }
}

#[test]
fn a_column_of_free_form_loses_credentials_and_nothing_else() {
    let cases = [
        (r#"{"Name":"Ada","n":1.50,"t":[1, 2]}"#, r#"{"Name":"Ada","n":1.50,"t":[1, 2]}"#),
        (r#"{"CRM token":"s"}"#, r#"{"CRM token":"[scrubbed]"}"#),
        (r#"{"has_token":true,"token":false}"#, r#"{"has_token":true,"token":false}"#),
        (r#"{"url":"https://a.example/?id=1&key=s"}"#, r#"{"url":"https://a.example/?id=1"}"#),
        (r#"{"url":"https://u:p@a.example"}"#, r#"{"url":"https://a.example"}"#),
        (r#""{\"api_key\":\"s\"}""#, r#""{\"api_key\":\"[scrubbed]\"}""#),
        (
            r#"[{"name":"api_key","value":"s"},{"name":"city","value":"Lyon"}]"#,
            r#"[{"name":"api_key","value":"[scrubbed]"},{"name":"city","value":"Lyon"}]"#,
        ),
        (
            r#"{"headers":[{"name":"X","id":"1","n":1,"default":"s","on":true,"x":{"y":"s"}}]}"#,
            r#"{"headers":[{"name":"X","id":"1","n":1,"default":"[scrubbed]","on":true,"x":"[scrubbed]"}]}"#,
        ),
        ("1e400", "1e400"),
        ("null", "null"),
    ];
    for (json, expected) in cases {
        assert_eq!(scrub_column(json), expected, "{json}");
    }
}

#[test]
fn secrets_leave_json_and_the_rest_stays() {
    let cases = [
        (r#"{"a":1.10,"b":[true,null,"x"]}"#, r#"{"a":1.10,"b":[true,null,"x"]}"#),
        (r#"{"api_key":"s"}"#, r#"{"api_key":"[scrubbed]"}"#),
        (r#"{ "api_key" : "s" , "b" : 1 }"#, r#"{ "api_key" : "[scrubbed]" , "b" : 1 }"#),
        (r#"{"api\u005fkey":"s"}"#, r#"{"api\u005fkey":"[scrubbed]"}"#),
        (r#"{"token":12345678901234567890}"#, r#"{"token":"[scrubbed]"}"#),
        (r#"{"token":null}"#, r#"{"token":null}"#),
        (r#"{"token":{"a":["}",{"b":"s"}]},"c":1}"#, r#"{"token":"[scrubbed]","c":1}"#),
        (r#"{"password":"a\"s","c":1}"#, r#"{"password":"[scrubbed]","c":1}"#),
        (r#"{"value":"x","name":"api_key","n":1}"#, r#"{"value":"[scrubbed]","name":"api_key","n":1}"#),
        (r#"{"value":{"value":"x"},"name":"api_key"}"#, r#"{"value":{"value":"x"},"name":"api_key"}"#),
        (r#"[{"value":"x"},{"name":"api_key"}]"#, r#"[{"value":"x"},{"name":"api_key"}]"#),
        (r#"[{"x":{"y":[{"secret":"s"}]}}]"#, r#"[{"x":{"y":[{"secret":"[scrubbed]"}]}}]"#),
        (r#"{"url":"https://u:p@h/x?t=s"}"#, r#"{"url":"https://h/x"}"#),
        (r#"{"url":"https:\/\/u:p@h\/x?t=s"}"#, r#"{"url":"https://h/x"}"#),
        (r#"["https://h/x?t=s","https:\/\/h"]"#, r#"["https://h/x","https:\/\/h"]"#),
        (r#"{"t":"see https://h/x?t=1"}"#, r#"{"t":"see https://h/x?t=1"}"#),
        (
            r#"{"headers":[{"key":"X","value":"s","n":1},{"key":"Y","Value":7}],"value":"v"}"#,
            r#"{"headers":[{"key":"X","value":"[scrubbed]","n":1},{"key":"Y","Value":"[scrubbed]"}],"value":"v"}"#,
        ),
        (
            r#"{"query_params":[{"key":"k","value":"s"}]}"#,
            r#"{"query_params":[{"key":"k","value":"[scrubbed]"}]}"#,
        ),
        (r#"{"queryParams":{"k":"s","l":2}}"#, r#"{"queryParams":{"k":"[scrubbed]","l":"[scrubbed]"}}"#),
        (r#"{"headers":["X: s"],"a":["b"]}"#, r#"{"headers":["[scrubbed]"],"a":["b"]}"#),
        (r#"{"headers":"X: s","a":"b"}"#, r#"{"headers":"[scrubbed]","a":"b"}"#),
        (r#"{"headers":5,"a":["b"]}"#, r#"{"headers":5,"a":["b"]}"#),
        (r#"{"headers":null,"a":{"b":"c"}}"#, r#"{"headers":null,"a":{"b":"c"}}"#),
        (r#"{"general":[{"key":"k","value":"v"}]}"#, r#"{"general":[{"key":"k","value":"v"}]}"#),
        (r#""https://u:p@h""#, r#""https://h""#),
        ("1e400", "1e400"),
        ("", ""),
    ];
    for (json, expected) in cases {
        assert_eq!(scrub(json), expected, "{json}");
    }
}

#[test]
fn the_key_of_a_member_counts() {
    assert_eq!(scrub_member("api_key", r#""s""#), r#""[scrubbed]""#);
    assert_eq!(scrub_member("api_key", "null"), "null");
    assert_eq!(
        scrub_member("headers", r#"[{"key":"a","value":"s"}]"#),
        r#"[{"key":"a","value":"[scrubbed]"}]"#
    );
    assert_eq!(scrub_member("headers", r#"{"a":"s"}"#), r#"{"a":"[scrubbed]"}"#);
    assert_eq!(scrub_member("names", r#"{"a":"s"}"#), r#"{"a":"s"}"#);
}

#[test]
fn text_that_is_no_json_is_scrubbed_as_far_as_it_goes() {
    let cases = [
        ("plain text", "plain text"),
        ("https://u:p@h/x?t=s and\nhttps://h", "https://h/x and\nhttps://h"),
        (r#"{"api_key":"s"#, r#"{"api_key":"[scrubbed]""#),
        (r#"{"api_key":"#, r#"{"api_key":"[scrubbed]""#),
        (r#"}}]] "api_key" : "s", "b""#, r#"}}]] "api_key" : "[scrubbed]", "b""#),
        (r#"{"secret":{"a":"s""#, r#"{"secret":"[scrubbed]""#),
        ("\"\\é\" é", "\"\\é\" é"),
    ];
    for (text, expected) in cases {
        assert_eq!(scrub(text), expected, "{text}");
    }
}

#[test]
fn no_depth_is_too_much() {
    let nested = |inner: &str| format!("{}{inner}{}", "[{\"a\":".repeat(10_000), "}]".repeat(10_000));
    assert_eq!(scrub(&nested(r#"{"secret":"s"}"#)), nested(r#"{"secret":"[scrubbed]"}"#));
    let hidden = format!(r#"{{"secret":{}}}"#, nested("1"));
    assert_eq!(scrub(&hidden), r#"{"secret":"[scrubbed]"}"#);
}

/// JSON in which nothing is secret.
fn harmless() -> impl Strategy<Value = String> {
    let string = prop_oneof![
        "[ -~é]{0,12}".prop_map(|text| quote(&text)),
        Just(r#""\u0041\n\"\\""#.to_owned()),
        Just(r#""https://a.example/x""#.to_owned()),
    ];
    let leaf = prop_oneof![
        string,
        "-?[1-9][0-9]{0,20}(\\.[0-9]{1,10})?(e[0-9]{1,3})?",
        Just("null".to_owned()),
        Just("true".to_owned())
    ];
    leaf.prop_recursive(5, 64, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(("[a-d_]{0,4}", inner), 0..5).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(key, json)| format!("\"{key}\" :{json}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_no_secret_stays_as_it_is(json in harmless()) {
        prop_assert_eq!(scrub(&json), json);
    }

    #[test]
    fn no_secret_stays_wherever_it_stands(before in harmless(), after in harmless(), secret in "[a-z]{8}") {
        let marked = format!("XX{secret}");
        let json = format!(
            r#"[{before},{{"a":{after},"Api-Key":"{marked}","b":[{{"headers":[{{"value":["{marked}"]}}]}}]}},{before},
            {{"precall_lookup_url":"http://{marked}@h/?{marked}"}},{after}]"#
        );
        let clean = scrub(&json);
        prop_assert!(!clean.contains(&marked), "{}", clean);
        prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(&clean).is_ok());
    }

    #[test]
    fn any_text_is_survived(text in "[\\PC\"{}\\[\\]:,\\\\]{0,40}") {
        scrub(&text);
    }
}
