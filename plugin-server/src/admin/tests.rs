use actix_web::{http::Method, test::TestRequest};

use crate::{
    fixture::{Answered, app, ask, request, server, token, with_token},
    http::Server,
};

/// The value of the cookie `name` that `answer` sets.
fn cookie(answer: &Answered, name: &str) -> Option<String> {
    let set = answer.headers.get_all("set-cookie").filter_map(|value| value.to_str().ok());
    set.filter_map(|line| line.split(';').next()?.strip_prefix(&format!("{name}="))).map(ToOwned::to_owned).next()
}

/// The value of the hidden field `csrf` in a page.
fn csrf(page: &str) -> String {
    let from = page.split("name=\"csrf\" value=\"").nth(1).expect("the page has a form");
    from.split('"').next().expect("a value").to_owned()
}

fn form(path: &str, cookies: &str, fields: &[(&str, &str)]) -> TestRequest {
    let form = request(Method::POST, path).insert_header(("cookie", cookies.to_owned())).set_form(fields);
    form.insert_header(("sec-fetch-site", "same-origin"))
}

/// Signs in with a link; what comes back is the cookie's pair.
async fn sign_in(
    server: &Server,
    app: &impl actix_web::dev::Service<
        actix_http::Request,
        Response = actix_web::dev::ServiceResponse,
        Error = actix_web::Error,
    >,
) -> String {
    let secret = server.auth.sessions.link().await.expect("it is made");
    let page = ask(app, request(Method::GET, &format!("/admin/sign-in?link={secret}"))).await;
    let cookies = format!("plugin-server-form={}", cookie(&page, "plugin-server-form").expect("it is set"));
    let answer = ask(app, form("/admin/sign-in", &cookies, &[("csrf", &csrf(&page.text)), ("link", &secret)])).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    format!("plugin-server={}", cookie(&answer, "plugin-server").expect("a session"))
}

#[actix_web::test]
async fn a_link_signs_in_once() {
    let server = server().await;
    let app = app(&server).await;
    let secret = server.auth.sessions.link().await.expect("it is made");
    let mut statuses = Vec::new();
    for _ in 0..2 {
        let page = ask(&app, request(Method::GET, &format!("/admin/sign-in?link={secret}"))).await;
        let cookies = format!("plugin-server-form={}", cookie(&page, "plugin-server-form").expect("it is set"));
        statuses.push(
            ask(&app, form("/admin/sign-in", &cookies, &[("csrf", &csrf(&page.text)), ("link", &secret)])).await.status,
        );
    }
    assert_eq!(statuses, [303, 403]);
    let (entry, _) = server.host.plugin("probe").expect("it is linked");
    let welcome = crate::http::api::items(&server.host, entry).into_iter().find(|item| item.name == "welcome");
    assert_eq!(welcome.map(|item| item.figures.calls), Some(1), "`user:login` is fired for the one who got in");
}

#[actix_web::test]
async fn a_pasted_token_signs_in_if_it_is_for_admins_and_ends_its_sessions_with_it() {
    let server = server().await;
    let app = app(&server).await;
    let (admin, host) = (token(&server, &["admin"]).await, token(&server, &["host"]).await);
    let page = ask(&app, request(Method::GET, "/admin/sign-in")).await;
    let cookies = format!("plugin-server-form={}", cookie(&page, "plugin-server-form").expect("it is set"));
    let submit = async |token: &str| {
        ask(&app, form("/admin/sign-in", &cookies, &[("csrf", &csrf(&page.text)), ("token", token)])).await
    };
    assert_eq!(submit(&host).await.status, 403);
    assert_eq!(submit("nonsense").await.status, 403);
    let signed_in = submit(&admin).await;
    let session = format!("plugin-server={}", cookie(&signed_in, "plugin-server").expect("a session"));
    let look = async || ask(&app, request(Method::GET, "/admin").insert_header(("cookie", session.clone()))).await;
    assert!(look().await.text.contains("ada"));
    let id = admin.split('_').nth(1).expect("an id");
    server.auth.tokens.revoke(id).await.expect("it is there");
    assert_eq!(look().await.status, 401);
}

#[actix_web::test]
async fn a_change_needs_session_form_token_and_same_origin() {
    let server = server().await;
    let app = app(&server).await;
    let session = sign_in(&server, &app).await;
    let page = ask(&app, request(Method::GET, "/admin").insert_header(("cookie", session.clone()))).await;
    let good = csrf(&page.text);
    for (with_session, shown, site, expected) in [
        (true, Some(&*good), Some("same-origin"), 303),
        (true, Some(&*good), Some("same-site"), 403),
        (true, Some(&*good), Some("cross-site"), 403),
        (true, Some(&*good), Some("none"), 403),
        (true, Some(&*good), None, 403),
        (true, Some("wrong"), Some("same-origin"), 403),
        (true, None, Some("same-origin"), 403),
        (true, None, None, 403),
        (false, Some(&*good), Some("same-origin"), 401),
        (false, None, None, 401),
    ] {
        let fields: Vec<(&str, &str)> = shown.iter().map(|shown| ("csrf", *shown)).collect();
        let mut request = request(Method::POST, "/admin/plugins/probe/disable").set_form(&fields);
        if with_session {
            request = request.insert_header(("cookie", session.clone()));
        }
        if let Some(site) = site {
            request = request.insert_header(("sec-fetch-site", site));
        }
        let answer = ask(&app, request).await;
        assert_eq!(answer.status, expected, "{with_session} {shown:?} {site:?}: {answer:?}");
        let (_, state) = server.host.plugin("probe").expect("it is linked");
        assert_eq!(state.is_on(), expected != 303, "{with_session} {shown:?} {site:?}");
        server.enable("probe").await.expect("it can work");
    }
}

#[actix_web::test]
async fn signing_out_ends_the_session() {
    let server = server().await;
    let app = app(&server).await;
    let session = sign_in(&server, &app).await;
    let look = async || ask(&app, request(Method::GET, "/admin").insert_header(("cookie", session.clone()))).await;
    let token = csrf(&look().await.text);
    assert_eq!(ask(&app, form("/admin/sign-out", &session, &[("csrf", &token)])).await.status, 303);
    assert_eq!(look().await.status, 401);
}

#[actix_web::test]
async fn a_browser_without_a_session_is_led_to_the_sign_in_page() {
    let server = server().await;
    let app = app(&server).await;
    let answer = ask(&app, request(Method::GET, "/admin").insert_header(("accept", "text/html,*/*"))).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/sign-in"));
}

#[actix_web::test]
async fn over_plain_http_from_elsewhere_sign_in_is_refused_with_the_reason() {
    let server = server().await;
    let app = app(&server).await;
    let page = ask(&app, request(Method::GET, "/admin/sign-in").insert_header(("host", "example.org"))).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("plain http") && cookie(&page, "plugin-server-form").is_none(), "{page:?}");
    let secure = request(Method::GET, "/admin/sign-in")
        .insert_header(("host", "example.org"))
        .insert_header(("x-forwarded-proto", "https"));
    let page = ask(&app, secure).await;
    let set = page.header("set-cookie");
    assert!(
        set.starts_with("__Host-plugin-server-form=") && set.contains("Secure") && set.contains("SameSite=Strict"),
        "{set}"
    );
}

#[actix_web::test]
async fn pages_show_every_plugin_and_those_of_plugins_in_their_groups() {
    let server = server().await;
    let app = app(&server).await;
    let admin = token(&server, &["admin"]).await;
    let plugins = ask(&app, with_token(Method::GET, "/admin", &admin)).await;
    for shown in ["probe", "hear", "shout", "daily", "insight", "/admin/pages/probe/dashboard", "fixture.rs:"] {
        assert!(plugins.text.contains(shown), "{shown}");
    }
    let page = ask(&app, with_token(Method::GET, "/admin/pages/probe/dashboard", &admin)).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<p>seen by ada</p>") && page.text.contains("aria-current=\"page\""), "{}", page.text);
    assert_eq!(ask(&app, with_token(Method::GET, "/admin/pages/probe/nothing", &admin)).await.status, 404);
    server.disable("probe").await.expect("it is linked");
    assert_eq!(ask(&app, with_token(Method::GET, "/admin/pages/probe/dashboard", &admin)).await.status, 503);
}

#[actix_web::test]
async fn pages_allow_no_script_and_hold_none() {
    let server = server().await;
    let app = app(&server).await;
    let admin = token(&server, &["admin"]).await;
    for path in ["/admin", "/admin/pages/probe/dashboard", "/admin/sign-in"] {
        let page = ask(&app, with_token(Method::GET, path, &admin)).await;
        assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'self';"), "{path}");
        assert!(!page.header("content-security-policy").contains("unsafe"), "{path}");
        assert!(
            !page.text.contains("<script") && !page.text.contains(" style=") && !page.text.contains("<style"),
            "{path}"
        );
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
    }
}
