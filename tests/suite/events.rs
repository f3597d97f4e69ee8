//! Live events: nothing is lost or repeated over a broken connection, and nobody hears what is not theirs.

use std::time::Duration;

use galena::store::records::access::KeyScope;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::server::TestServer;

/// A client of the stream.
struct Listener {
    response: Response,
    buffer: String,
    /// What a browser would send as `Last-Event-ID`.
    last_id: String,
}

impl Listener {
    async fn open(server: &TestServer, key: &str, last_id: Option<&str>) -> Self {
        let request = server.client.get(format!("{}/api/v1/events", server.base)).bearer_auth(key);
        let request = last_id.into_iter().fold(request, |request, id| request.header("last-event-id", id));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut listener = Self { response, buffer: String::new(), last_id: String::new() };
        // The first message only says where the stream begins.
        assert_eq!(listener.message().await, Some(None));
        listener
    }

    /// The next message: its data, or nothing in it; `None` at the end of the stream.
    async fn message(&mut self) -> Option<Option<Value>> {
        loop {
            if let Some((message, rest)) = self.buffer.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.buffer = rest;
                let mut data = None;
                for line in message.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => self.last_id = id.to_owned(),
                        Some(("data", text)) => data = Some(serde_json::from_str(text).unwrap()),
                        _ => {}
                    }
                }
                return Some(data);
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await;
            let chunk = chunk.expect("something within 20 s").ok()??;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The names of the next `count` created lists.
    async fn names(&mut self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        while names.len() < count {
            if let Some(event) = self.message().await.expect("the stream goes on")
                && event["kind"] == "list.created"
            {
                names.push(event["after"]["name"].as_str().unwrap().to_owned());
            }
        }
        names
    }
}

fn named(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("List {number}")).collect()
}

async fn make(server: &TestServer, range: std::ops::Range<usize>) {
    for name in named(range) {
        server.list(&name).await;
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_goes_on_where_it_was() {
    let server = TestServer::start().await;
    server.list("Before").await;
    let mut listener = Listener::open(&server, &server.key, None).await;
    make(&server, 0..5).await;
    assert_eq!(listener.names(3).await, named(0..3));

    // Broken off with events on their way; more happen while nobody listens.
    let last_id = listener.last_id.clone();
    drop(listener);
    make(&server, 5..8).await;
    let mut listener = Listener::open(&server, &server.key, Some(&last_id)).await;
    make(&server, 8..10).await;
    assert_eq!(listener.names(7).await, named(3..10));
}

#[tokio::test]
async fn a_break_at_every_place_loses_nothing_and_repeats_nothing() {
    let server = TestServer::start().await;
    let begin = Listener::open(&server, &server.key, None).await.last_id;
    make(&server, 0..450).await;
    let (mut seen, mut last_id) = (Vec::new(), begin);
    for step in [1, 199, 1, 3, 200, 40, 6] {
        let mut listener = Listener::open(&server, &server.key, Some(&last_id)).await;
        seen.extend(listener.names(step).await);
        last_id = listener.last_id;
    }
    assert_eq!(seen, named(0..450));
}

#[tokio::test]
async fn a_stream_outlives_a_restart_of_the_server() {
    let server = TestServer::start().await;
    let mut listener = Listener::open(&server, &server.key, None).await;
    make(&server, 0..2).await;
    assert_eq!(listener.names(1).await, named(0..1));
    let (last_id, key) = (listener.last_id.clone(), server.key.clone());
    let ended = async { while listener.message().await.is_some() {} };
    // The stream is ended by the stopping server, which does not wait for it.
    let (directory, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(8), server.stop()), ended);
    let server = TestServer::start_bare(directory.expect("stopped in time"), |_| ()).await;
    let mut listener = Listener::open(&server, &key, Some(&last_id)).await;
    assert_eq!(listener.names(1).await, named(1..2));
}

#[tokio::test]
async fn an_event_arrives_within_a_second() {
    let server = TestServer::start().await;
    let mut listener = Listener::open(&server, &server.key, None).await;
    for round in 0..3 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        make(&server, round..round + 1).await;
        let arrived = tokio::time::timeout(Duration::from_secs(1), listener.names(1)).await;
        assert_eq!(arrived.expect("within a second"), named(round..round + 1));
    }
}

#[tokio::test]
async fn nobody_hears_of_another_workspace_and_members_hear_nothing_of_people() {
    let server = TestServer::start().await;
    let reader = server.key_with(vec![KeyScope::Read]).await;
    let mut stranger = Listener::open(&server, &server.foreign_key, None).await;
    let mut reader = Listener::open(&server, &reader, None).await;
    let mut owner = Listener::open(&server, &server.key, None).await;
    server.post("/api-keys", &json!({ "name": "Secret key" })).await.expect(201);
    make(&server, 0..1).await;
    let theirs = server.client.post(format!("{}/api/v1/leads/lists", server.base)).bearer_auth(&server.foreign_key);
    server.send(theirs.json(&json!({ "name": "Theirs" }))).await.expect(201);

    let first = owner.message().await.flatten().unwrap();
    assert_eq!((&first["kind"], &first["source"]), (&json!("key.created"), &json!("127.0.0.1")));
    let first = reader.message().await.flatten().unwrap();
    assert_eq!((&first["kind"], &first["source"]), (&json!("list.created"), &Value::Null));
    assert_eq!(stranger.names(1).await, ["Theirs"]);
}

#[tokio::test]
async fn a_revoked_key_hears_nothing_more() {
    let server = TestServer::start().await;
    let made = server.post("/api-keys", &json!({ "name": "Dashboard", "scopes": ["read"] })).await.expect(201);
    let mut listener = Listener::open(&server, made["key"].as_str().unwrap(), None).await;
    server.delete(&format!("/api-keys/{}", made["id"].as_str().unwrap())).await.expect(204);
    make(&server, 0..1).await;
    while let Some(message) = listener.message().await {
        assert_eq!(message, None, "an event after the key was revoked");
    }
}

#[tokio::test]
async fn there_are_only_so_many_streams() {
    let server = TestServer::start_with(|config| config.server.max_event_streams = 2).await;
    let first = Listener::open(&server, &server.key, None).await;
    let _second = Listener::open(&server, &server.key, None).await;
    let refused = server.get("/events").await;
    assert_eq!(refused.header("retry-after"), "5");
    refused.expect_problem(503, "OVERLOADED");
    drop(first);
    let again = async {
        while server.request(Method::GET, "/events").send().await.unwrap().status() != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), again).await.expect("the place of a client that left is free again");
    let wrong = server.request(Method::GET, "/events").header("last-event-id", "rubbish");
    server.send(wrong).await.expect_problem(400, "VALIDATION_FAILED");
}
