//! What a plugin sees of the store.
use crate::{
    id::AppId,
    store::engine::{Durability, Engine, Keyspace},
};
use std::sync::Arc;
/// A plugin's data in one app.
#[derive(Debug, Clone)]
pub struct Db {
    engine: Arc<dyn Engine>,
    keyspace: Keyspace,
    app: AppId,
    durability: Durability,
}
impl Db {
    /// The data in `keyspace` of `app`.
    pub fn new(engine: Arc<dyn Engine>, keyspace: Keyspace, app: AppId, durability: Durability) -> Self {
        Self { engine, keyspace, app, durability }
    }
    /// apps
    pub async fn apps(&self) -> Result<Vec<AppId>, crate::store::engine::EngineError> {
        let _ = (&self.engine, &self.keyspace, self.durability);
        Ok(vec![self.app.clone()])
    }
}
