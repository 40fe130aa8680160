//! The shapes that endpoints may have, and how they are called.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, dev::Payload};

use crate::shape::{SyncBare, SyncHandler};

/// What an endpoint may take after its context: anything that actix-web reads from a request.
#[diagnostic::on_unimplemented(
    message = "an endpoint cannot take `{Self}`",
    label = "not read from a request",
    note = "an endpoint takes `Json<T>`, `Path<T>`, `Query<T>`, `Bytes`, `User`, `Admin`, `HttpRequest`, or anything else that implements actix-web's `FromRequest`; the context comes first and behind a `&`"
)]
pub trait Extractor: FromRequest + 'static {}

#[diagnostic::do_not_recommend]
impl<T: FromRequest + 'static> Extractor for T {}

/// What an endpoint may return: anything that actix-web can answer.
#[diagnostic::on_unimplemented(
    message = "an endpoint cannot return `{Self}`",
    label = "not an answer to a request",
    note = "an endpoint returns `Json<T>`, `(Json<T>, StatusCode)`, `Html`, `String`, `HttpResponse`, or anything else that implements actix-web's `Responder`, or a `Result` of it"
)]
pub trait Answer {
    /// The answer to `request`.
    fn answer(self, request: &HttpRequest) -> HttpResponse;
}

#[diagnostic::do_not_recommend]
impl<R: Responder> Answer for R {
    fn answer(self, request: &HttpRequest) -> HttpResponse {
        self.respond_to(request).map_into_boxed_body()
    }
}

/// What goes to the thread on which a `fn` runs, and comes back from it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot go to the thread on which a `fn` endpoint runs",
    label = "not `Send`",
    note = "an `async fn` stays on the thread that took the request, and may take and return this"
)]
pub trait Moves: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Moves for T {}

/// The parameters of an endpoint after its context, as a tuple.
pub trait Arguments: Sized + 'static {
    /// Reads them from a request, one after the other.
    ///
    /// # Errors
    /// That of the first which cannot be read.
    fn extract(request: &HttpRequest, payload: &mut Payload) -> impl Future<Output = Result<Self, actix_web::Error>>;
}

/// [`Arguments`] that may go to another thread.
pub trait MovingArguments: Arguments + Send {}

/// An `async fn` with a context of `C` and the parameters `Args`, whose future stays on its thread.
pub trait LocalHandler<'a, C: 'a, Args>: Copy + 'static {
    /// What it returns.
    type Out;

    /// Calls it.
    fn call(self, context: &'a C, args: Args) -> impl Future<Output = Self::Out> + 'a;
}

/// An `async fn` with the parameters `Args`, whose future stays on its thread.
pub trait LocalBare<Args>: Copy + 'static {
    /// What it returns.
    type Out;

    /// Calls it.
    fn call(self, args: Args) -> impl Future<Output = Self::Out>;
}

macro_rules! arguments {
    ($(($($arg:ident: $Arg:ident),*))*) => {$(
        impl<$($Arg: Extractor),*> Arguments for ($($Arg,)*) {
            async fn extract(_request: &HttpRequest, _payload: &mut Payload) -> Result<Self, actix_web::Error> {
                Ok(($($Arg::from_request(_request, _payload).await.map_err(Into::into)?,)*))
            }
        }

        impl<$($Arg: Extractor + Moves),*> MovingArguments for ($($Arg,)*) {}

        impl<'a, C: 'a, F, Fut, $($Arg),*> LocalHandler<'a, C, ($($Arg,)*)> for F
        where
            F: Fn(&'a C, $($Arg),*) -> Fut + Copy + 'static,
            Fut: Future + 'a,
        {
            type Out = Fut::Output;

            fn call(self, context: &'a C, ($($arg,)*): ($($Arg,)*)) -> impl Future<Output = Fut::Output> + 'a {
                self(context, $($arg),*)
            }
        }

        impl<F, Fut, $($Arg),*> LocalBare<($($Arg,)*)> for F
        where
            F: Fn($($Arg),*) -> Fut + Copy + 'static,
            Fut: Future,
        {
            type Out = Fut::Output;

            fn call(self, ($($arg,)*): ($($Arg,)*)) -> impl Future<Output = Fut::Output> {
                self($($arg),*)
            }
        }
    )*};
}

arguments! {
    ()
    (a: A)
    (a: A, b: B)
    (a: A, b: B, c: D)
    (a: A, b: B, c: D, d: E)
    (a: A, b: B, c: D, d: E, e: G)
    (a: A, b: B, c: D, d: E, e: G, f: H)
    (a: A, b: B, c: D, d: E, e: G, f: H, g: I)
    (a: A, b: B, c: D, d: E, e: G, f: H, g: I, h: J)
}

macro_rules! longer_shapes {
    ($(($($arg:ident: $Arg:ident),*))*) => {$(
        impl<'a, C: 'a, F, R, $($Arg),*> SyncHandler<'a, C, ($($Arg,)*)> for F
        where
            F: Fn(&'a C, $($Arg),*) -> R + Copy + Send + Sync + 'static,
        {
            type Out = R;

            fn call(self, context: &'a C, ($($arg,)*): ($($Arg,)*)) -> R {
                self(context, $($arg),*)
            }
        }

        impl<'a, F, R, $($Arg),*> SyncBare<'a, ($($Arg,)*)> for F
        where
            F: Fn($($Arg),*) -> R + Copy + Send + Sync + 'static,
        {
            type Out = R;

            fn call(self, ($($arg,)*): ($($Arg,)*)) -> R {
                self($($arg),*)
            }
        }
    )*};
}

// Those of none and one are in `shape`, with those of all handlers.
longer_shapes! {
    (a: A, b: B)
    (a: A, b: B, c: D)
    (a: A, b: B, c: D, d: E)
    (a: A, b: B, c: D, d: E, e: G)
    (a: A, b: B, c: D, d: E, e: G, f: H)
    (a: A, b: B, c: D, d: E, e: G, f: H, g: I)
    (a: A, b: B, c: D, d: E, e: G, f: H, g: I, h: J)
}

/// Where endpoints run that are a `fn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// On actix-web's threads for work that blocks.
    Threads,
    /// At once, on the thread that asks: for tests, which have no such threads.
    Inline,
}

impl Pool {
    /// Runs `work`. A panic of it comes out here.
    pub(crate) async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> T {
        match self {
            Self::Inline => work(),
            Self::Threads => {
                let guarded = move || catch_unwind(AssertUnwindSafe(work));
                match actix_web::web::block(guarded).await.expect("the pool runs for as long as its workers") {
                    Ok(out) => out,
                    Err(panic) => resume_unwind(panic),
                }
            }
        }
    }
}
