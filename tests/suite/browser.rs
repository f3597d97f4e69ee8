//! A browser as the API sees one: it keeps the cookie, and sends the CSRF token that it was given.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::server::{Answered, TestServer};

pub struct Browser<'s> {
    pub server: &'s TestServer,
    /// `name=value`
    pub cookie: String,
    pub csrf: String,
    /// The answer that signed it in.
    pub session: Value,
}

/// `name=value` of a `Set-Cookie` header.
pub fn cookie_of(answer: &Answered) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

pub async fn try_sign_in(server: &TestServer, email: &str, password: &str) -> Answered {
    let url = format!("{}/api/v1/session", server.base);
    server.send(server.client.post(url).json(&json!({ "email": email, "password": password }))).await
}

impl<'s> Browser<'s> {
    pub async fn sign_in(server: &'s TestServer, email: &str, password: &str) -> Self {
        Self::signed_in(server, try_sign_in(server, email, password).await)
    }

    /// From an answer with status 201 that set the cookie.
    pub fn signed_in(server: &'s TestServer, answer: Answered) -> Self {
        let cookie = cookie_of(&answer);
        let session = answer.expect(201);
        let csrf = session["csrfToken"].as_str().unwrap().to_owned();
        Self { server, cookie, csrf, session }
    }

    /// Without the CSRF token.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/api/v1{path}", self.server.base);
        self.server.client.request(method, url).header("cookie", &self.cookie)
    }

    pub async fn get(&self, path: &str) -> Answered {
        self.server.send(self.bare(Method::GET, path)).await
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Answered {
        let request = self.bare(method, path).header("x-csrf-token", &self.csrf);
        self.server.send(if body.is_null() { request } else { request.json(body) }).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answered {
        self.send(Method::POST, path, body).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answered {
        self.send(Method::PATCH, path, body).await
    }

    pub async fn delete(&self, path: &str) -> Answered {
        self.send(Method::DELETE, path, &Value::Null).await
    }
}
