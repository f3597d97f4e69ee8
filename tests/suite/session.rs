//! Signing in and out, cookies, CSRF, the throttle, the life of a session.

use std::time::Duration;

use galena::config::Period;
use galena::deps::SystemRandom;
use galena::domain::id::UserId;
use galena::store::Reads;
use galena::store::crypt::Passwords;
use galena::store::tables::Users;
use galena::store::transactions::users::by_email;
use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::{Browser, try_sign_in};
use crate::server::{EMAIL, PASSWORD, TestServer};

#[tokio::test]
async fn a_browser_signs_in_works_and_signs_out() {
    let server = TestServer::start().await;
    let browser = Browser::sign_in(&server, &format!(" {} ", EMAIL.to_uppercase()), PASSWORD).await;
    assert_eq!(browser.session["user"]["email"], EMAIL);
    assert_eq!(browser.session["rights"], json!(["read", "write", "enrich", "admin", "own"]));
    assert_eq!(browser.session["encrypted"], false);
    assert_eq!(browser.session["workspaces"][0]["role"], "owner");
    assert_eq!(browser.session["workspaces"].as_array().unwrap().len(), 1, "the other workspace is not theirs");

    assert_eq!(browser.get("/session").await.expect(200), browser.session);
    browser.post("/leads/lists", &json!({ "name": "From the browser" })).await.expect(201);
    let lists = browser.get("/leads/lists").await.expect(200);
    assert_eq!(lists["data"][0]["source"], "manual");

    let out = browser.delete("/session").await;
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{:?}", out.headers);
    out.expect(204);
    browser.get("/leads/lists").await.expect_problem(401, "UNAUTHENTICATED");
    browser.get("/session").await.expect_problem(401, "UNAUTHENTICATED");
    browser.delete("/session").await.expect(204);
}

#[tokio::test]
async fn without_the_csrf_token_nothing_changes() {
    let server = TestServer::start().await;
    let browser = Browser::sign_in(&server, EMAIL, PASSWORD).await;
    let other = Browser::sign_in(&server, EMAIL, PASSWORD).await;
    assert_ne!(browser.csrf, other.csrf);
    for token in [None, Some("galc_rubbish"), Some(other.csrf.as_str())] {
        for (method, path) in [(Method::POST, "/leads/lists"), (Method::DELETE, "/session"), (Method::POST, "/users")] {
            let request = browser.bare(method, path).json(&json!({ "name": "x" }));
            let request = token.into_iter().fold(request, |request, token| request.header("x-csrf-token", token));
            server.send(request).await.expect_problem(403, "CSRF_FAILED");
        }
    }
    assert_eq!(browser.get("/leads/lists").await.expect(200)["total"], 0);
}

#[tokio::test]
async fn the_cookie_has_the_flags_of_its_way() {
    let server = TestServer::start_with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let url = format!("{}/api/v1/session", server.base);
    let sign_in = json!({ "email": EMAIL, "password": PASSWORD });

    let plain = server.send(server.client.post(&url).json(&sign_in)).await;
    let cookie = plain.header("set-cookie").to_owned();
    assert!(cookie.starts_with("galena=gals_"), "{cookie}");
    let flags: Vec<&str> = cookie.split("; ").skip(1).collect();
    assert_eq!(flags, ["Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=2592000"]);

    let request = server.client.post(&url).header("x-forwarded-proto", "https").json(&sign_in);
    let secure = server.send(request).await;
    let cookie = secure.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-galena=gals_"), "{cookie}");
    let flags: Vec<&str> = cookie.split("; ").skip(1).collect();
    assert_eq!(flags, ["Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=2592000"]);
    assert_eq!(secure.json()["encrypted"], true);

    // A neighbouring host can set the plain cookie; over HTTPS it opens nothing.
    let tossed = cookie.split(';').next().unwrap().replace("__Host-galena", "galena");
    let request = server.client.get(&url).header("x-forwarded-proto", "https").header("cookie", tossed);
    server.send(request).await.expect_problem(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let server = TestServer::start().await;
    let seen = |mut problem: Value| {
        problem.as_object_mut().unwrap().remove("requestId");
        problem
    };
    let wrong = seen(try_sign_in(&server, EMAIL, "wrong password").await.expect_problem(401, "UNAUTHENTICATED"));
    let unknown =
        seen(try_sign_in(&server, "nobody@example.com", PASSWORD).await.expect_problem(401, "UNAUTHENTICATED"));
    assert_eq!(wrong, unknown);
}

#[tokio::test]
async fn too_many_failures_close_the_account_to_everybody_but_not_other_accounts() {
    let server = TestServer::start_with(|config| {
        config.limits.login_attempts = 3;
        config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    server.post("/users", &json!({ "email": "bob@example.com", "password": PASSWORD })).await.expect(201);
    let from = async |address: &str, email: &str, password: &str| {
        let url = format!("{}/api/v1/session", server.base);
        let request = server.client.post(url).header("x-forwarded-for", address);
        server.send(request.json(&json!({ "email": email, "password": password }))).await
    };
    for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        from(address, EMAIL, "guess").await.expect_problem(401, "UNAUTHENTICATED");
    }
    let refused = from("192.0.2.4", EMAIL, PASSWORD).await;
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((890..=900).contains(&wait), "{wait}");
    refused.expect_problem(429, "RATE_LIMIT_EXCEEDED");
    from("192.0.2.4", "bob@example.com", PASSWORD).await.expect(201);

    // The same for an address that tries accounts which do not exist.
    for name in ["x", "y", "z"] {
        from("192.0.2.9", &format!("{name}@example.com"), "guess").await.expect_problem(401, "UNAUTHENTICATED");
    }
    from("192.0.2.9", "bob@example.com", PASSWORD).await.expect_problem(429, "RATE_LIMIT_EXCEEDED");
}

#[tokio::test]
async fn many_guesses_at_once_are_no_more_than_allowed() {
    let server = TestServer::start_with(|config| config.limits.login_attempts = 4).await;
    let guesses = (0..20).map(|_| try_sign_in(&server, EMAIL, "guess"));
    let answers = futures::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!(looked_at, 4);
    assert!(answers.iter().all(|answer| [401, 429].contains(&answer.status.as_u16())));
}

#[tokio::test]
async fn a_page_of_somebody_else_cannot_sign_in() {
    let server = TestServer::start().await;
    let url = format!("{}/api/v1/session", server.base);
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let request = server.client.post(&url).header(name, value).json(&body);
        server.send(request).await.expect_problem(403, "CSRF_FAILED");
    }
    let own = server.client.post(&url).header("origin", &server.base).json(&body);
    server.send(own).await.expect(201);
}

#[tokio::test]
async fn an_idle_session_ends_and_a_used_one_goes_on_until_its_last_day() {
    let server = TestServer::start_with(|config| {
        config.limits.session_idle = Period(Duration::from_millis(1_500));
        config.limits.session_max = Period(Duration::from_millis(4_000));
    })
    .await;
    let idle = Browser::sign_in(&server, EMAIL, PASSWORD).await;
    let used = Browser::sign_in(&server, EMAIL, PASSWORD).await;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        used.get("/leads/lists").await.expect(200);
    }
    idle.get("/leads/lists").await.expect_problem(401, "UNAUTHENTICATED");
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        used.get("/leads/lists").await;
    }
    used.get("/leads/lists").await.expect_problem(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn ones_own_password_is_changed_with_the_old_one_and_ends_other_sessions() {
    let server = TestServer::start().await;
    let browser = Browser::sign_in(&server, EMAIL, PASSWORD).await;
    let elsewhere = Browser::sign_in(&server, EMAIL, PASSWORD).await;
    let change = async |old: &str, new: &str| {
        let body = json!({ "currentPassword": old, "newPassword": new });
        browser.send(Method::PUT, "/session/password", &body).await
    };
    let problem = change("not it at all", "a new pass phrase").await.expect_problem(400, "VALIDATION_FAILED");
    assert_eq!(problem["errors"][0]["pointer"], "/currentPassword");
    let problem = change(PASSWORD, "short").await.expect_problem(400, "VALIDATION_FAILED");
    assert_eq!(problem["errors"][0]["pointer"], "/newPassword");

    let changed = change(PASSWORD, "a new pass phrase").await;
    let cookie = crate::browser::cookie_of(&changed);
    changed.expect(200);
    elsewhere.get("/session").await.expect_problem(401, "UNAUTHENTICATED");
    browser.get("/session").await.expect_problem(401, "UNAUTHENTICATED");
    let again = server.client.get(format!("{}/api/v1/session", server.base)).header("cookie", cookie);
    server.send(again).await.expect(200);
    try_sign_in(&server, EMAIL, PASSWORD).await.expect_problem(401, "UNAUTHENTICATED");
    try_sign_in(&server, EMAIL, "a new pass phrase").await.expect(201);
}

#[tokio::test]
async fn a_password_hashed_with_other_parameters_is_hashed_anew_at_sign_in() {
    let server = TestServer::start().await;
    let hash_of = async || {
        let found = server.app.store.read(|view| by_email(view, EMAIL)).await.unwrap();
        found.unwrap().1.password_hash.unwrap()
    };
    let outdated = Passwords::default().hash(PASSWORD, &SystemRandom).unwrap();
    let (id, user): (UserId, _) = server.app.store.read(|view| by_email(view, EMAIL)).await.unwrap().unwrap();
    put_hash(&server, id, galena::store::records::access::User { password_hash: Some(outdated.clone()), ..user }).await;
    assert_eq!(hash_of().await, outdated);
    try_sign_in(&server, EMAIL, PASSWORD).await.expect(201);
    let renewed = hash_of().await;
    assert_ne!(renewed, outdated);
    try_sign_in(&server, EMAIL, PASSWORD).await.expect(201);
    assert_eq!(hash_of().await, renewed, "today's parameters stay");
}

/// Puts a row as an earlier version would have left it.
async fn put_hash(server: &TestServer, id: UserId, user: galena::store::records::access::User) {
    struct Put(UserId, galena::store::records::access::User);
    impl galena::store::Transaction for Put {
        type Out = ();
        const NAME: &'static str = "test.put_user";
        fn apply(&self, tx: &mut galena::store::Tx<'_>) -> Result<(), galena::store::Refusal> {
            assert!(tx.get_install::<Users>((self.0,))?.is_some());
            Ok(tx.put_install::<Users>((self.0,), &self.1)?)
        }
    }
    server.app.store.submit(Put(id, user), galena::store::Urgency::Interactive).await.unwrap();
}

#[tokio::test]
async fn a_key_learns_who_it_is() {
    let server = TestServer::start().await;
    let session = server.get("/session").await.expect(200);
    assert_eq!(session["user"], Value::Null);
    assert_eq!(session["key"]["scopes"], json!(["owner"]));
    assert_eq!(session["workspaces"][0]["name"], "Main");
    assert!(session.get("csrfToken").is_none());
}
