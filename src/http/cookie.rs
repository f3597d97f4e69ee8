//! The session cookie, and whether a page of ours is asking.
//!
//! Over HTTPS it is `__Host-galena`, which a browser takes only with `Secure` and `Path=/` and from this very host; over
//! plain HTTP, where a browser would refuse that, it is `galena` without `Secure`.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::codes::Code;
use super::context::RequestContext;
use super::problem::Problem;
use crate::app::App;
use crate::store::crypt::{Token, TokenKind};

pub const SECURE_COOKIE: &str = "__Host-galena";
pub const PLAIN_COOKIE: &str = "galena";

/// The session token that a browser sent. Over HTTPS the plain cookie does not count: a neighbouring host could have set it.
pub(in crate::http) fn session_token(headers: &HeaderMap, is_https: bool) -> Option<Token> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| match name {
        SECURE_COOKIE => Token::parse(TokenKind::Session, value),
        PLAIN_COOKIE if !is_https => Token::parse(TokenKind::Session, value),
        _ => None,
    })
}

/// The header that hands a browser its session for `seconds`; without a token the one that takes it away.
pub(in crate::http) fn set_cookie(
    context: &RequestContext,
    token: Option<&Token>,
    seconds: u64,
) -> Result<[(HeaderName, HeaderValue); 1], Problem> {
    let (name, secure) = if context.is_https { (SECURE_COOKIE, " Secure;") } else { (PLAIN_COOKIE, "") };
    let (value, age) = token.map_or(("", 0), |token| (token.expose(), seconds));
    let cookie = format!("{name}={value}; Path=/;{secure} HttpOnly; SameSite=Strict; Max-Age={age}");
    let mut value = HeaderValue::from_str(&cookie).map_err(Problem::internal)?;
    value.set_sensitive(true);
    Ok([(header::SET_COOKIE, value)])
}

/// Signing in and setting up need no cookie, so that CSRF tokens cannot guard them: a browser is asked which page it is on.
///
/// # Errors
/// `CSRF_FAILED` when a page of somebody else sent the request.
pub(in crate::http) fn check_same_site(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let foreign = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let authority = |url: &str| url.split_once("://").map(|(_, rest)| rest.trim_end_matches('/').to_owned());
            let ours = [text("host").map(str::to_owned), app.config.server.public_url.as_deref().and_then(authority)];
            !ours.contains(&Some(authority(origin).unwrap_or_default()))
        }
        // No browser.
        (None, None) => false,
    };
    if foreign { Err(Problem::new(Code::CsrfFailed).detail("the request comes from another site")) } else { Ok(()) }
}
