//! What an author's future gives, as the dispatcher wants it, without another future around it that would double its cost.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

pin_project! {
    /// The future `F`, its output put through `convert`.
    pub(crate) struct Converted<F, G> {
        #[pin]
        future: F,
        convert: G,
    }
}

impl<F, G> Converted<F, G> {
    #[inline]
    pub(crate) fn new(future: F, convert: G) -> Self {
        Self { future, convert }
    }
}

impl<F: Future, G: Fn(F::Output) -> T, T> Future for Converted<F, G> {
    type Output = T;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.project();
        this.future.poll(cx).map(&*this.convert)
    }
}
