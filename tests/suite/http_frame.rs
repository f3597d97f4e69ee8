//! What every route has in common, through a real server: callers, errors, limits, conditional requests, health.

use std::time::Duration;

use galena::store::records::access::KeyScope;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::server::{TestServer, client};

#[tokio::test]
async fn without_a_key_nobody_comes_in() {
    let server = TestServer::start().await;
    let url = format!("{}/api/v1/leads/lists", server.base);
    let nobody = server.send(server.client.get(&url)).await;
    assert_eq!(nobody.header("www-authenticate"), "Bearer");
    nobody.expect_problem(401, "UNAUTHENTICATED");
    for key in ["gal_nonsense", &format!("gal_{}", "0".repeat(40))] {
        server.send(server.client.get(&url).bearer_auth(key)).await.expect_problem(401, "UNAUTHENTICATED");
    }
    let basic = server.client.get(&url).header("authorization", "Basic b3duZXI6eA==");
    server.send(basic).await.expect_problem(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_key_may_do_what_its_scopes_say() {
    let server = TestServer::start().await;
    let url = format!("{}/api/v1/leads/lists", server.base);
    let reader = server.key_with(vec![KeyScope::Read]).await;
    server.send(server.client.get(&url).bearer_auth(&reader)).await.expect(200);
    let create = server.client.post(&url).bearer_auth(&reader).json(&json!({ "name": "x" }));
    let problem = server.send(create).await.expect_problem(403, "FORBIDDEN");
    assert!(problem["detail"].as_str().unwrap().contains("change lists"), "{problem}");
    let writer = server.key_with(vec![KeyScope::Write]).await;
    server.send(server.client.post(&url).bearer_auth(&writer).json(&json!({ "name": "x" }))).await.expect(201);
}

#[tokio::test]
async fn a_workspace_that_is_not_the_keys_is_not_there() {
    let server = TestServer::start().await;
    for workspace in ["ws_0000000000001", "rubbish"] {
        let request = server.request(Method::GET, "/leads/lists").header("x-workspace", workspace);
        server.send(request).await.expect_problem(404, "WORKSPACE_NOT_FOUND");
    }
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems() {
    let server = TestServer::start().await;
    for path in ["/api/v1/nothing", "/api/nothing", "/nothing", "/api/v1/leads/lists/"] {
        server.send(server.client.get(format!("{}{path}", server.base))).await.expect_problem(404, "NOT_FOUND");
    }
    let wrong = server.send(server.request(Method::PUT, "/leads/lists")).await;
    wrong.expect_problem(405, "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn the_alias_answers_like_the_base() {
    let server = TestServer::start().await;
    let id = server.list("One").await;
    let alias = server.client.get(format!("{}/api/leads/lists/{id}", server.base)).bearer_auth(&server.key);
    assert_eq!(server.send(alias).await.expect(200), server.get(&format!("/leads/lists/{id}")).await.expect(200));
}

#[tokio::test]
async fn wrong_bodies_are_told_by_pointer() {
    let server = TestServer::start().await;
    let post = |body: &'static str| {
        let request = server.request(Method::POST, "/leads/lists").header("content-type", "application/json");
        server.send(request.body(body))
    };
    for (body, pointer) in [
        ("{", ""),
        ("[]", ""),
        ("{}", "/name"),
        (r#"{"name": 7}"#, "/name"),
        (r#"{"name": ""}"#, "/name"),
        (r#"{"name": "x", "tags": ["a", 5]}"#, "/tags/1"),
        (r#"{"name": "x", "tags": ["a", " "]}"#, "/tags/1"),
        (r#"{"name": "x", "settings": {"identity": "ada@example.com"}}"#, "/settings/identity"),
        (r#"{"name": "x", "metadata": []}"#, "/metadata"),
    ] {
        let problem = post(body).await.expect_problem(400, "VALIDATION_FAILED");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
        assert!(!problem.to_string().contains("ada@"), "no value of the caller stands in an error: {problem}");
    }
    post(r#"{"name": "x", "unknown": {"to": "us"}}"#).await.expect(201);
    let text = server.request(Method::POST, "/leads/lists").header("content-type", "text/plain").body("{}");
    server.send(text).await.expect_problem(415, "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn wrong_parameters_are_told_by_name() {
    let server = TestServer::start().await;
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=many", "limit"),
        ("sort=colour", "sort"),
        ("archived=perhaps", "archived"),
    ] {
        let problem = server.get(&format!("/leads/lists?{query}")).await.expect_problem(400, "VALIDATION_FAILED");
        assert_eq!(problem["errors"][0]["parameter"], name, "{query}: {problem}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_and_without_its_length() {
    let server = TestServer::start_with(|config| config.server.max_body_bytes.0 = 1_000).await;
    let large = json!({ "name": "x", "description": "y".repeat(2_000) }).to_string();
    let request = || server.request(Method::POST, "/leads/lists").header("content-type", "application/json");
    let problem = server.send(request().body(large.clone())).await.expect_problem(413, "PAYLOAD_TOO_LARGE");
    assert!(problem["detail"].as_str().unwrap().contains("server.max_body_bytes"), "{problem}");
    let chunks = futures::stream::iter(
        large.into_bytes().chunks(100).map(<[u8]>::to_vec).map(Ok::<_, std::io::Error>).collect::<Vec<_>>(),
    );
    let streamed = request().body(reqwest::Body::wrap_stream(chunks));
    server.send(streamed).await.expect_problem(413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn the_same_request_with_the_same_key_is_done_once() {
    let server = TestServer::start().await;
    let post = |body: Value, path: &'static str| {
        let request = server.request(Method::POST, path).header("idempotency-key", "order-1").json(&body);
        server.send(request)
    };
    let first = post(json!({ "name": "Fair" }), "/leads/lists").await;
    let (location, seq) = (first.header("location").to_owned(), first.header("x-galena-seq").to_owned());
    assert!(seq.parse::<u64>().unwrap() > 0);
    let first = first.expect(201);
    assert_eq!(location, format!("/api/v1/leads/lists/{}", first["id"].as_str().unwrap()));

    let again = post(json!({ "name": "Fair" }), "/leads/lists").await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), location);
    assert_eq!(again.expect(201)["id"], first["id"]);
    // By its other name it is the same request.
    let alias = server.client.post(format!("{}/api/leads/lists", server.base)).bearer_auth(&server.key);
    let alias = alias.header("idempotency-key", "order-1").json(&json!({ "name": "Fair" }));
    assert_eq!(server.send(alias).await.expect(201)["id"], first["id"]);

    post(json!({ "name": "Another" }), "/leads/lists").await.expect_problem(422, "IDEMPOTENCY_KEY_REUSED");
    let lists = server.get("/leads/lists").await.expect(200);
    assert_eq!(lists["total"], 1, "{lists}");

    // The key belongs to the workspace.
    let foreign = server.client.post(format!("{}/api/v1/leads/lists", server.base)).bearer_auth(&server.foreign_key);
    let foreign = foreign.header("idempotency-key", "order-1").json(&json!({ "name": "Fair" }));
    assert_ne!(server.send(foreign).await.expect(201)["id"], first["id"]);
    let long = server.request(Method::POST, "/leads/lists").header("idempotency-key", "x".repeat(256));
    server.send(long.json(&json!({ "name": "y" }))).await.expect_problem(400, "VALIDATION_FAILED");
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_key_up() {
    let server = TestServer::start().await;
    server.list("Taken").await;
    let request = || {
        let request = server.request(Method::POST, "/leads/lists").header("idempotency-key", "k");
        server.send(request.json(&json!({ "name": "Taken" })))
    };
    let problem = request().await.expect_problem(409, "DUPLICATE_LIST_NAME");
    let id = problem["existingId"].as_str().unwrap();
    server.delete(&format!("/leads/lists/{id}")).await.expect(204);
    request().await.expect(201);
}

#[tokio::test]
async fn reads_carry_a_tag_and_are_not_sent_twice() {
    let server = TestServer::start().await;
    let path = format!("/leads/lists/{}", server.list("Tagged").await);
    let tag = server.get(&path).await.header("etag").to_owned();
    let known = |tag: &str| server.send(server.request(Method::GET, &path).header("if-none-match", tag));
    let same = known(&tag).await;
    assert_eq!((same.status, same.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(same.header("etag"), tag);
    assert_eq!(known(&format!("\"other\", W/{tag}")).await.status, StatusCode::NOT_MODIFIED);
    server.patch(&path, &json!({ "description": "new" })).await.expect(200);
    known(&tag).await.expect(200);
}

#[tokio::test]
async fn a_write_for_another_version_is_refused() {
    let server = TestServer::start().await;
    let path = format!("/leads/lists/{}", server.list("Versioned").await);
    let tag = server.get(&path).await.header("etag").to_owned();
    let patch = |tag: &str, name: &str| {
        server.send(server.request(Method::PATCH, &path).header("if-match", tag).json(&json!({ "name": name })))
    };
    let first = patch(&tag, "One").await;
    let newer = first.header("etag").to_owned();
    first.expect(200);
    patch(&tag, "Two").await.expect_problem(412, "PRECONDITION_FAILED");
    patch("\"rubbish\"", "Two").await.expect_problem(412, "PRECONDITION_FAILED");
    patch(&newer, "Two").await.expect(200);
    patch("*", "Three").await.expect(200);
    let stale = server.request(Method::DELETE, &path).header("if-match", &tag);
    server.send(stale).await.expect_problem(412, "PRECONDITION_FAILED");
    assert_eq!(server.get(&path).await.expect(200)["name"], "Three");
}

#[tokio::test]
async fn request_ids_come_back_and_are_made() {
    let server = TestServer::start().await;
    let given = server.send(server.request(Method::GET, "/leads/lists").header("x-request-id", "mine-7")).await;
    assert_eq!(given.header("x-request-id"), "mine-7");
    let made = server.get("/leads/lists").await.header("x-request-id").to_owned();
    assert!(made.starts_with("req_"), "{made}");
    assert_ne!(made, server.get("/leads/lists").await.header("x-request-id"));
    let spoilt = server.request(Method::GET, "/leads/lists").header("x-request-id", "two words");
    assert!(server.send(spoilt).await.header("x-request-id").starts_with("req_"));
}

#[tokio::test]
async fn answers_keep_browsers_at_bay() {
    let server = TestServer::start().await;
    for path in ["/", "/healthz", "/api/v1/leads/lists", "/nothing"] {
        let answer = server.send(server.client.get(format!("{}{path}", server.base))).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
    }
}

#[tokio::test]
async fn large_answers_are_compressed_for_who_can_read_it() {
    let server = TestServer::start().await;
    let url = format!("{}/api/openapi.json", server.base);
    let answer = server.client.get(&url).header("accept-encoding", "br").send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "br");
    let packed = answer.bytes().await.unwrap().len();
    let plain = server.client.get(&url).send().await.unwrap().bytes().await.unwrap().len();
    assert!(packed * 3 < plain, "{packed} of {plain}");
}

#[tokio::test]
async fn a_caller_over_its_limit_is_told_when_to_come_back() {
    let server = TestServer::start_with(|config| config.limits.requests_per_minute = 3).await;
    for left in ["2", "1", "0"] {
        let answer = server.get("/leads/lists").await;
        assert_eq!(answer.header("ratelimit-limit"), "3");
        assert_eq!(answer.header("ratelimit-remaining"), left);
        answer.expect(200);
    }
    let refused = server.get("/leads/lists").await;
    assert!((1..=20).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    refused.expect_problem(429, "RATE_LIMIT_EXCEEDED");
    let url = format!("{}/api/v1/leads/lists", server.base);
    server.send(server.client.get(&url).bearer_auth(&server.foreign_key)).await.expect(200);
}

#[tokio::test]
async fn over_the_limit_is_503_with_retry_after() {
    let server = TestServer::start_with(|config| config.server.max_in_flight = 1).await;
    // A request whose body does not end keeps the only permit, unless one of the looks below had it just then: it is
    // turned away itself, and another one is sent.
    let (feed, slow, busy) = 'held: loop {
        let (feed, body) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
        let body = reqwest::Body::wrap_stream(tokio_stream::wrappers::ReceiverStream::new(body));
        let slow = server.request(Method::POST, "/leads/lists").header("content-type", "application/json").body(body);
        let slow = tokio::spawn(slow.send());
        feed.send(Ok(br#"{"name":"#.to_vec())).await.unwrap();
        while !slow.is_finished() {
            let answer = server.get("/leads/lists").await;
            if answer.status != StatusCode::OK {
                break 'held (feed, slow, answer);
            }
        }
    };
    assert_eq!(busy.header("retry-after"), "1");
    busy.expect_problem(503, "OVERLOADED");
    let alive = server.client.get(format!("{}/healthz", server.base));
    server.send(alive).await.expect(200);
    feed.send(Ok(br#""slow"}"#.to_vec())).await.unwrap();
    drop(feed);
    assert_eq!(slow.await.unwrap().unwrap().status(), StatusCode::CREATED);
    server.get("/leads/lists").await.expect(200);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let server = TestServer::start_with(|config| config.server.request_timeout.0 = Duration::from_millis(100)).await;
    let never = reqwest::Body::wrap_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let request = server.request(Method::POST, "/leads/lists").header("content-type", "application/json").body(never);
    server.send(request).await.expect_problem(504, "TIMED_OUT");
}

#[tokio::test]
async fn a_write_whose_caller_went_away_is_done() {
    let server = TestServer::start().await;
    let mut made = 0;
    for number in 0..20 {
        let body = json!({ "name": format!("Gone {number}") });
        let request = server.request(Method::POST, "/leads/lists").json(&body).timeout(Duration::from_micros(1_500));
        made += usize::from(request.send().await.is_ok());
    }
    // Stopping waits for the writes that outlived their connection.
    let directory = server.stop().await;
    let server = TestServer::start_bare(directory, |_| ()).await;
    let local = client(reqwest::Client::builder().unix_socket(server.socket()));
    let lists = server.send(local.get("http://box/api/v1/leads/lists")).await.expect(200);
    assert!(lists["total"].as_u64().unwrap() as usize >= made, "{lists}");
}

#[tokio::test]
async fn the_socket_is_for_the_owner_of_the_box() {
    use std::os::unix::fs::PermissionsExt;
    let server = TestServer::start().await;
    let mode = std::fs::metadata(server.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let local = client(reqwest::Client::builder().unix_socket(server.socket()));
    let lists = "http://box/api/v1/leads/lists";
    // The oldest workspace, without a key.
    server.send(local.post(lists).json(&json!({ "name": "By hand" }))).await.expect(201);
    assert_eq!(server.get("/leads/lists").await.expect(200)["total"], 1);
    // A key counts here, too.
    let foreign = local.get(lists).bearer_auth(&server.foreign_key);
    assert_eq!(server.send(foreign).await.expect(200)["total"], 0);
    let socket = server.socket();
    let _directory = server.stop().await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_socket_that_a_killed_server_left_is_no_hindrance() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path().join("data")).unwrap();
    drop(std::os::unix::net::UnixListener::bind(directory.path().join("data/galena.sock")).unwrap());
    let server = TestServer::start_bare(directory, |_| ()).await;
    let local = client(reqwest::Client::builder().unix_socket(server.socket()));
    server.send(local.get("http://box/healthz")).await.expect(200);
    let nothing = server.send(local.get("http://box/api/v1/leads/lists")).await;
    nothing.expect_problem(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn health_readiness_and_figures() {
    let server = TestServer::start().await;
    let get = |path: &str| server.send(server.client.get(format!("{}{path}", server.base)));
    assert_eq!(get("/healthz").await.expect(200)["status"], "ok");
    let ready = loop {
        let answer = get("/readyz").await;
        match answer.status {
            StatusCode::SERVICE_UNAVAILABLE => tokio::time::sleep(Duration::from_millis(20)).await,
            _ => break answer.expect(200),
        }
    };
    assert_eq!(ready["status"], "ready", "{ready}");
    assert_eq!((&ready["store"], &ready["index"]), (&json!("writable"), &json!("open")));
    server.list("Counted").await;
    let figures = get("/metrics").await;
    assert!(figures.header("content-type").starts_with("text/plain"));
    for name in [
        r#"galena_http_requests_total{method="POST",route="/leads/lists",status="201"}"#,
        "galena_http_request_seconds_bucket",
        "galena_store_file_bytes",
        "galena_store_identity_bytes",
        "galena_index_live_lag",
        "galena_store_oldest_reader_seconds",
    ] {
        assert!(figures.text.contains(name), "{name} is not in\n{}", figures.text);
    }
    assert!(!figures.text.contains("list_"), "no ids in the figures");
}

#[tokio::test]
async fn the_start_page_and_the_viewer_are_there() {
    let server = TestServer::start().await;
    let page = server.send(server.client.get(&server.base)).await;
    assert!(page.text.contains("/api/docs"), "{}", page.text);
    let viewer = server.send(server.client.get(format!("{}/api/docs/", server.base))).await;
    assert_eq!(viewer.status, StatusCode::OK);
    assert!(viewer.text.contains("swagger-ui"), "{}", viewer.text);
}

#[tokio::test]
async fn the_setup_link_leads_to_a_page_whose_parts_are_all_there() {
    let server = TestServer::start().await;
    let get = async |path: &str| server.client.get(format!("{}{path}", server.base)).send().await.unwrap();
    let page = get("/setup?token=galu_x").await;
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    for (part, kind) in [("/setup.js", "text/javascript"), ("/setup.css", "text/css")] {
        assert!(page.contains(&format!("\"{part}\"")), "{page}");
        let part = get(part).await;
        assert_eq!(part.status(), 200);
        assert!(part.headers()["content-type"].to_str().unwrap().starts_with(kind));
    }
    assert!(!page.contains("<script>") && !page.contains("style="), "the content policy allows nothing inline");
}
