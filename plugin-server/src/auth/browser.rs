//! What a browser says of a request: over what it came, which cookie it brings, whether one of our own pages made it.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time},
    http::header::HOST,
};

use super::secret::{random, same};

/// Over what a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// https, which a proxy in front says.
    Https,
    /// Plain http that never left this machine.
    Loopback,
    /// Plain http over a network: whoever listens could take a session over.
    Plain,
}

impl Transport {
    /// Over what `request` came. A proxy on this machine passes the public name on, so the name counts as well as the peer.
    pub fn of(request: &HttpRequest) -> Self {
        let connection = request.connection_info();
        if connection.scheme() == "https" {
            return Self::Https;
        }
        let near = request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        match near && is_loopback_name(host) {
            true => Self::Loopback,
            false => Self::Plain,
        }
    }
}

/// Whether `host`, of a `Host` header, is this machine by name or number.
fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A cookie of the admin area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The session.
    Session,
    /// What the sign-in form must repeat, as there is no session yet that could hold a token.
    Form,
}

/// The name of the cookie over `transport`. `__Host-` lets a browser take it over https and for this host alone.
pub fn name(kind: Kind, transport: Transport) -> &'static str {
    match (kind, transport) {
        (Kind::Session, Transport::Https) => "__Host-plugin-server",
        (Kind::Session, _) => "plugin-server",
        (Kind::Form, Transport::Https) => "__Host-plugin-server-form",
        (Kind::Form, _) => "plugin-server-form",
    }
}

/// The cookie with `value`; a browser forgets it when it closes.
pub fn cookie(kind: Kind, transport: Transport, value: String) -> Cookie<'static> {
    let secure = transport == Transport::Https;
    Cookie::build(name(kind, transport), value)
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Strict)
        .finish()
}

/// The cookie that makes a browser forget.
pub fn removal(kind: Kind, transport: Transport) -> Cookie<'static> {
    let mut cookie = cookie(kind, transport, String::new());
    cookie.set_max_age(time::Duration::ZERO);
    cookie
}

/// The value that `request` brings in the cookie.
pub fn value(kind: Kind, request: &HttpRequest) -> Option<String> {
    request.cookie(name(kind, Transport::of(request))).map(|cookie| cookie.value().to_owned())
}

/// Whether a browser says that one of our own pages made `request`. What says nothing is refused.
pub fn is_same_origin(request: &HttpRequest) -> bool {
    request.headers().get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"same-origin")
}

/// What the sign-in form and its cookie both hold.
pub fn form_token() -> String {
    random()
}

/// Whether the sign-in form was made for the browser that sends it.
pub fn is_own_form(request: &HttpRequest, shown: &str) -> bool {
    value(Kind::Form, request).is_some_and(|value| same(&value, shown))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn request(peer: &str, host: &str, forwarded: Option<&str>) -> HttpRequest {
        let request = TestRequest::default().peer_addr(peer.parse().expect("an address")).insert_header((HOST, host));
        match forwarded {
            Some(scheme) => request.insert_header(("x-forwarded-proto", scheme)).to_http_request(),
            None => request.to_http_request(),
        }
    }

    #[test]
    fn only_a_loopback_peer_that_names_this_machine_is_loopback() {
        let cases = [
            ("127.0.0.1:5", "localhost:8080", None, Transport::Loopback),
            ("127.0.0.1:5", "127.0.0.1:8080", None, Transport::Loopback),
            ("[::1]:5", "[::1]:8080", None, Transport::Loopback),
            ("127.0.0.1:5", "example.org", None, Transport::Plain),
            ("127.0.0.1:5", "localhost.example.org", None, Transport::Plain),
            ("10.0.0.7:5", "localhost:8080", None, Transport::Plain),
            ("127.0.0.1:5", "example.org", Some("https"), Transport::Https),
            ("127.0.0.1:5", "example.org", Some("http"), Transport::Plain),
        ];
        for (peer, host, forwarded, expected) in cases {
            assert_eq!(Transport::of(&request(peer, host, forwarded)), expected, "{peer} {host} {forwarded:?}");
        }
    }

    #[test]
    fn the_session_cookie_is_bound_to_https_except_on_this_machine() {
        let https = cookie(Kind::Session, Transport::Https, "v".to_owned()).to_string();
        assert_eq!(https, "__Host-plugin-server=v; HttpOnly; SameSite=Strict; Secure; Path=/");
        let loopback = cookie(Kind::Session, Transport::Loopback, "v".to_owned()).to_string();
        assert_eq!(loopback, "plugin-server=v; HttpOnly; SameSite=Strict; Path=/");
    }

    #[test]
    fn only_a_request_of_our_own_page_counts_as_one() {
        for (site, expected) in [
            (Some("same-origin"), true),
            (Some("same-site"), false),
            (Some("cross-site"), false),
            (Some("none"), false),
            (None, false),
        ] {
            let request = TestRequest::default();
            let request = match site {
                Some(site) => request.insert_header(("sec-fetch-site", site)),
                None => request,
            };
            assert_eq!(is_same_origin(&request.to_http_request()), expected, "{site:?}");
        }
    }
}
