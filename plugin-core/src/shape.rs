//! The shapes that handlers may have, as traits over functions: what comes first, what follows, what goes out. Each position
//! has a trait of its own, so that a mistake is explained where it was made.

use futures_util::future::Future;

use crate::{
    context::{Context, call::Scope},
    error::{HandlerError, Result},
    point::Plugin,
};

/// The first parameter of a handler, behind its `&`.
#[diagnostic::on_unimplemented(
    message = "the first parameter of a handler is its context, `&Context<MyPlugin>`, not `&{Self}`",
    label = "expected `Context<MyPlugin>`",
    note = "a handler without a context names its plugin: `plugin = path::To::MyPlugin`"
)]
pub trait ContextArg: 'static {
    /// Whose handler it is.
    type Plugin: Plugin;

    /// The context of the call that `scope` belongs to.
    fn view(scope: &Scope) -> &Self;
}

impl<P: Plugin> ContextArg for Context<P> {
    type Plugin = P;

    #[inline]
    fn view(scope: &Scope) -> &Self {
        Self::view(scope)
    }
}

/// What a handler that does something may return.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}` here",
    label = "return `()` or `Result<()>`",
    note = "a function that returns a future is written `async fn`"
)]
pub trait HookReturn {
    /// What came of it.
    fn into_result(self) -> Result<()>;
}

impl HookReturn for () {
    #[inline]
    fn into_result(self) -> Result<()> {
        Ok(())
    }
}

impl<E: HandlerError> HookReturn for Result<(), E> {
    #[inline]
    fn into_result(self) -> Result<()> {
        self.map_err(HandlerError::into_error)
    }
}

/// What a filter of `T` may return.
#[diagnostic::on_unimplemented(
    message = "a filter of `{T}` cannot return `{Self}`",
    label = "return `{T}` or `Result<{T}>`"
)]
pub trait FilterReturn<T> {
    /// What came of it.
    fn into_result(self) -> Result<T>;
}

impl<T> FilterReturn<T> for T {
    #[inline]
    fn into_result(self) -> Result<T> {
        Ok(self)
    }
}

impl<T, E: HandlerError> FilterReturn<T> for Result<T, E> {
    #[inline]
    fn into_result(self) -> Result<T> {
        self.map_err(HandlerError::into_error)
    }
}

/// What an admin page may return: anything that becomes HTML.
#[diagnostic::on_unimplemented(
    message = "an admin page cannot return `{Self}`",
    label = "return `Html` or `Result<Html>`"
)]
pub trait PageReturn {
    /// What came of it.
    fn into_result(self) -> Result<crate::admin::Html>;
}

impl PageReturn for crate::admin::Html {
    fn into_result(self) -> Result<crate::admin::Html> {
        Ok(self)
    }
}

impl<E: HandlerError> PageReturn for Result<crate::admin::Html, E> {
    fn into_result(self) -> Result<crate::admin::Html> {
        self.map_err(HandlerError::into_error)
    }
}

/// An `async fn` with a context of `C` and the parameters `Args`, whose future may move between threads.
pub trait AsyncHandler<'a, C: 'a, Args>: Copy + Send + Sync + 'static {
    /// What it returns.
    type Out;
    /// Its future.
    type Future: Future<Output = Self::Out> + Send + 'a;

    /// Calls it.
    fn call(self, context: &'a C, args: Args) -> Self::Future;
}

/// An `async fn` with the parameters `Args`, whose future may move between threads.
pub trait AsyncBare<'a, Args>: Copy + Send + Sync + 'static {
    /// What it returns.
    type Out;
    /// Its future.
    type Future: Future<Output = Self::Out> + Send + 'a;

    /// Calls it.
    fn call(self, args: Args) -> Self::Future;
}

/// A `fn` with a context of `C` and the parameters `Args`.
pub trait SyncHandler<'a, C: 'a, Args>: Copy + Send + Sync + 'static {
    /// What it returns.
    type Out;

    /// Calls it.
    fn call(self, context: &'a C, args: Args) -> Self::Out;
}

/// A `fn` with the parameters `Args`.
pub trait SyncBare<'a, Args>: Copy + Send + Sync + 'static {
    /// What it returns.
    type Out;

    /// Calls it.
    fn call(self, args: Args) -> Self::Out;
}

macro_rules! shapes {
    ($(($($arg:ident: $Arg:ident),*))*) => {$(
        impl<'a, C: 'a, F, Fut, $($Arg),*> AsyncHandler<'a, C, ($($Arg,)*)> for F
        where
            F: Fn(&'a C, $($Arg),*) -> Fut + Copy + Send + Sync + 'static,
            Fut: Future + Send + 'a,
        {
            type Out = Fut::Output;
            type Future = Fut;

            #[inline]
            fn call(self, context: &'a C, ($($arg,)*): ($($Arg,)*)) -> Fut {
                self(context, $($arg),*)
            }
        }

        impl<'a, F, Fut, $($Arg),*> AsyncBare<'a, ($($Arg,)*)> for F
        where
            F: Fn($($Arg),*) -> Fut + Copy + Send + Sync + 'static,
            Fut: Future + Send + 'a,
        {
            type Out = Fut::Output;
            type Future = Fut;

            #[inline]
            fn call(self, ($($arg,)*): ($($Arg,)*)) -> Fut {
                self($($arg),*)
            }
        }

        impl<'a, C: 'a, F, R, $($Arg),*> SyncHandler<'a, C, ($($Arg,)*)> for F
        where
            F: Fn(&'a C, $($Arg),*) -> R + Copy + Send + Sync + 'static,
        {
            type Out = R;

            #[inline]
            fn call(self, context: &'a C, ($($arg,)*): ($($Arg,)*)) -> R {
                self(context, $($arg),*)
            }
        }

        impl<'a, F, R, $($Arg),*> SyncBare<'a, ($($Arg,)*)> for F
        where
            F: Fn($($Arg),*) -> R + Copy + Send + Sync + 'static,
        {
            type Out = R;

            #[inline]
            fn call(self, ($($arg,)*): ($($Arg,)*)) -> R {
                self($($arg),*)
            }
        }
    )*};
}

shapes! { () (first: First) }

/// Whose an item is.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    /// The plugin's id.
    pub id: &'static str,
    /// The plugin's number.
    pub ix: fn() -> &'static crate::point::Ix,
}

impl Owner {
    /// The plugin `P`.
    pub const fn of<P: Plugin>() -> Self {
        Self { id: P::ID, ix: P::ix }
    }
}

/// Stops the compiler where an attribute names another point than the payload's type does. A name that is empty stands for one
/// that is wrong where the type is marked, and said to be so there.
///
/// # Panics
/// At compile time, with both names.
#[track_caller]
pub const fn same_name(what: &str, of_type: Option<&'static str>, said: Option<&'static str>) -> &'static str {
    match (of_type, said) {
        (Some(of_type), Some(said)) => {
            if !of_type.is_empty() && !same(of_type.as_bytes(), said.as_bytes()) {
                fail(&["the payload belongs to ", what, " `", of_type, "`, but the attribute says `", said, "`"]);
            }
            of_type
        }
        (Some(name), None) | (None, Some(name)) => name,
        (None, None) => fail(&["`Dynamic` belongs to no ", what, ": name it in the attribute"]),
    }
}

/// Whether both are the same, for constants.
pub(crate) const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Whether `name` is `{owner}:…`.
pub const fn belongs_to(name: &str, owner: &str) -> bool {
    let (name, owner) = (name.as_bytes(), owner.as_bytes());
    if name.len() <= owner.len() + 1 || name[owner.len()] != b':' {
        return false;
    }
    same(name.split_at(owner.len()).0, owner)
}

/// Panics with the pieces, one after the other; a constant panic takes a plain text alone.
#[track_caller]
pub const fn fail(pieces: &[&str]) -> ! {
    let mut text = [0; 512];
    let mut len = 0;
    let mut piece = 0;
    while piece < pieces.len() {
        let bytes = pieces[piece].as_bytes();
        let mut at = 0;
        while at < bytes.len() && len < text.len() {
            text[len] = bytes[at];
            len += 1;
            at += 1;
        }
        piece += 1;
    }
    match std::str::from_utf8(text.split_at(len).0) {
        Ok(text) => panic!("{}", text),
        Err(_) => panic!("the names do not match"),
    }
}
