//! Requests to a test's endpoints and webhooks, without a socket.

use std::fmt::Debug;

use actix_web::{
    body::to_bytes,
    http::{Method, StatusCode, header::HeaderMap},
    test::TestRequest,
    web::Bytes,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    context::caller::{Caller, Scopes, request_id},
    delivery::webhook::{Verify, sign_github},
    endpoint::router::{PREFIX, extracting},
    id::time_ordered,
    json,
    plugin::secret::Secret,
    point::Plugin,
    testing::TestHost,
};

/// What a request was answered.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Response {
    /// The body as a `T`.
    ///
    /// # Panics
    /// If it is none, with the body.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        json::read(&self.body).unwrap_or_else(|error| {
            panic!("{} is not what was expected: {error}: {}", self.status, String::from_utf8_lossy(&self.body))
        })
    }
}

impl TestHost {
    /// Sends `GET /stats` and the like to the endpoints of the first plugin under test. `method` is a [`Method`] or its name; `path`
    /// may have a query.
    ///
    /// # Panics
    /// If `method` or `path` are none.
    pub fn call(&mut self, method: impl TryInto<Method, Error: Debug>, path: &str) -> Response {
        self.request(of(method), &self.endpoint(path), |request| request)
    }

    /// The same with a body as JSON.
    ///
    /// # Panics
    /// As [`call`](Self::call).
    pub fn call_with(
        &mut self,
        method: impl TryInto<Method, Error: Debug>,
        path: &str,
        body: impl Serialize,
    ) -> Response {
        self.request(of(method), &self.endpoint(path), |request| request.set_json(body))
    }

    /// Delivers a webhook to `name` of the first plugin under test, as its sender would: signed with the secret that the plugin's
    /// settings hold, and with an id of its own.
    ///
    /// # Panics
    /// If the plugin has no such webhook, or `document` does not serialize.
    pub fn webhook(&mut self, name: &str, event: &str, document: impl Serialize) -> Response {
        let (plugin, state) = self.host.plugin(self.plugins[0]).unwrap_or_else(|error| panic!("{error}"));
        let webhooks = self.host.catalog().webhooks();
        let webhook = webhooks.iter().find(|it| it.item.owner.id == plugin.id() && it.site.name == name);
        let webhook = webhook.unwrap_or_else(|| panic!("`{}` has no webhook `{name}`", plugin.id()));
        let secret = match webhook.item.verify {
            Verify::Github { secret } => state.config.as_deref().and_then(secret).and_then(Secret::expose),
            Verify::None => None,
        };
        let (secret, id) = (secret.unwrap_or_default().to_owned(), time_ordered(self.now()).to_string());
        self.signed_webhook(name, &secret, &id, event, document)
    }

    /// The same, signed with `secret` as GitHub would, and called `id`: sent again, it is recognised.
    ///
    /// # Panics
    /// If `document` does not serialize.
    pub fn signed_webhook(
        &mut self,
        name: &str,
        secret: &str,
        id: &str,
        event: &str,
        document: impl Serialize,
    ) -> Response {
        let path = format!("{PREFIX}/{}/webhooks/{name}", self.plugins[0]);
        let body =
            serde_json::to_vec(&document).unwrap_or_else(|error| panic!("the document does not serialize: {error}"));
        let response = self.request(Method::POST, &path, |request| {
            request
                .insert_header(("content-type", "application/json"))
                .insert_header(("x-github-delivery", id))
                .insert_header(("x-github-event", event))
                .insert_header(("x-hub-signature-256", sign_github(secret, &body)))
                .set_payload(body)
        });
        self.settle();
        response
    }

    /// From now on `call` goes to the endpoints of `P`.
    pub fn on<P: Plugin>(&mut self) -> &mut Self {
        self.plugins.insert(0, P::ID);
        self
    }

    fn endpoint(&self, path: &str) -> String {
        format!("{PREFIX}/{}/endpoints{path}", self.plugins[0])
    }

    fn request(&mut self, method: Method, path: &str, build: impl FnOnce(TestRequest) -> TestRequest) -> Response {
        let mut request = build(TestRequest::default().method(method).uri(path)).to_srv_request();
        request.add_data_container(extracting());
        let scopes = Scopes::These(self.scopes.as_slice().into());
        let (app, user) = (self.app.clone(), self.user.clone());
        Caller { app, user, scopes, token: None, request: request_id(self.now()) }.attach(&request);
        let router = self.router.clone();
        self.block_on(async {
            let answered = router.answer(request).await.into_parts().1;
            let (status, headers) = (answered.status(), answered.headers().clone());
            let body =
                to_bytes(answered.into_body()).await.unwrap_or_else(|error| panic!("the body breaks off: {error}"));
            Response { status, headers, body }
        })
    }
}

fn of(method: impl TryInto<Method, Error: Debug>) -> Method {
    method.try_into().unwrap_or_else(|error| panic!("that is no method: {error:?}"))
}
