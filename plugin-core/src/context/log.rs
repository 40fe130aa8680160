//! A handler's log: `tracing` events that carry whose they are.

use crate::context::call::Scope;

/// Writes log lines tagged with plugin, item, app, user, and the id of the request, run or delivery.
#[derive(Debug, Clone, Copy)]
pub struct Log<'a>(&'a Scope);

impl<'a> Log<'a> {
    pub(crate) fn of(scope: &'a Scope) -> Self {
        Self(scope)
    }

    /// Something a person watching would want to know.
    pub fn info(&self, message: impl AsRef<str>) {
        self.write(tracing::Level::INFO, message.as_ref());
    }

    /// Something that should not be, and was coped with.
    pub fn warn(&self, message: impl AsRef<str>) {
        self.write(tracing::Level::WARN, message.as_ref());
    }

    /// Something that failed.
    pub fn error(&self, message: impl AsRef<str>) {
        self.write(tracing::Level::ERROR, message.as_ref());
    }

    /// Something for whoever looks for a fault.
    pub fn debug(&self, message: impl AsRef<str>) {
        self.write(tracing::Level::DEBUG, message.as_ref());
    }

    fn write(&self, level: tracing::Level, message: &str) {
        let call = self.0.lent();
        let item = call.shared.items.get(self.0.data().current());
        let (plugin, item) = item.map_or(("-", self.0.data().name), |item| (item.plugin, item.site.name));
        let (app, user, origin) = (call.app.as_str(), call.user.as_ref().map(|user| user.as_str()), &call.origin);
        macro_rules! event {
            ($level:ident) => {
                tracing::event!(target: "plugin", tracing::Level::$level, plugin, item, app, user, origin = %origin, "{message}")
            };
        }
        match level {
            tracing::Level::ERROR => event!(ERROR),
            tracing::Level::WARN => event!(WARN),
            tracing::Level::INFO => event!(INFO),
            _ => event!(DEBUG),
        }
    }
}
