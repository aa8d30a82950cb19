//! The key and what the API says about people stay out of errors, debug output and logs.

use super::server::{KEY, Server, answer, good};
use revox_mirror::api::{ApiError, Client, ClientOptions};
use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// All that an error can be made to say.
fn everything(error: &ApiError) -> String {
    let mut text = format!("{error} {error:#} {error:?} {error:#?} {:?}", error.hint());
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(" {error} {error:#} {error:?} {error:#?}"));
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn whatever_goes_wrong_the_key_and_the_apis_words_about_people_are_not_repeated() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // For the whole process: a subscriber of one thread may miss what other threads have met before it.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let person = "+33 6 12 34 56 78 Ada Lovelace";
    let echo = format!(r#"{{"note":"{person}","secret":"{KEY}"}}"#);
    let message = format!(r#"{{"message":"Bearer {KEY} of ada@example.com may not"}}"#);
    let location = format!("https://{KEY}:{KEY}@{KEY}.example.com/{KEY}?key={KEY}");
    let html = format!("<html>{KEY} {person}</html>");
    let cases = [
        answer(400, &[], message.as_bytes()),
        answer(422, &[], echo.as_bytes()),
        answer(401, &[], message.as_bytes()),
        answer(404, &[], echo.as_bytes()),
        answer(418, &[("x-echo", KEY)], echo.as_bytes()),
        answer(429, &[("retry-after", KEY)], echo.as_bytes()),
        answer(503, &[], html.as_bytes()),
        answer(302, &[("location", &location)], echo.as_bytes()),
        answer(200, &[], html.as_bytes()),
        answer(200, &[], echo.as_bytes()),
        answer(200, &[], &[b' '; 2000]),
        Vec::new(),
        format!("HTTP/1.1 200 {KEY}\r\n{KEY}\r\n\r\n").into_bytes(),
        [b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n", echo.as_bytes()].concat(),
    ];
    let mut said = String::new();
    for reply in cases {
        let server = Server::with_replies(vec![reply]).await;
        let options = ClientOptions { max_answer_bytes: 1000, ..server.options() };
        said.push_str(&format!("{options:?} {options:#?}"));
        let client = Client::new(options).unwrap();
        let error = client.fetch_rows("c-of-ada", None, usize::MAX).await.unwrap_err();
        said.push_str(&format!("{client:?} {client:#?} {}\n", everything(&error)));
    }
    let base_url = format!("https://{KEY}:{KEY}@host/?{KEY}");
    let options = ClientOptions { base_url, ..Server::with_replies(vec![good()]).await.options() };
    said.push_str(&format!("{options:?} {}", everything(&Client::new(options.clone()).unwrap_err())));

    // The API's words are passed on where they help, without what they give away.
    assert!(said.contains("Bearer [redacted] of [redacted] may not"), "{said}");
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("the request is tried again"), "{logged}");
    let ours: String = logged.lines().filter(|line| line.contains("revox_mirror")).collect();
    for (what, text) in [("errors", &said), ("the log", &logged)] {
        assert!(!text.to_lowercase().contains(KEY), "the key is in {what}: {text}");
        assert!(!text.contains("Lovelace"), "a person is in {what}: {text}");
    }
    for (what, text) in [("errors", &said), ("our log", &ours)] {
        assert!(!text.contains("c-of-ada"), "an id is in {what}: {text}");
    }
}
