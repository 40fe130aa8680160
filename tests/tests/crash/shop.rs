//! Two plugins over the store that is killed: one takes orders, each a typed document that comes with an event in one commit, the other
//! counts how often it hears of each.

use plugin_core::{
    prelude::*,
    store::{
        StoreError,
        typed::{self, DocumentMeta, Stored},
    },
};

/// Takes orders.
#[plugin(id = "crash-shop")]
#[derive(Debug)]
pub(crate) struct Shop;

/// Hears of orders.
#[plugin(id = "crash-clerk")]
#[derive(Debug)]
pub(crate) struct Clerk;

/// An order as it is kept today.
#[document(plugin = Shop, collection = "orders", version = 2)]
#[index(number, unique)]
#[index(owner, -op)]
pub(crate) struct Order {
    /// The number of its write or, of one that was there before, its place.
    #[id]
    pub(crate) id: String,
    /// No other order has it.
    pub(crate) number: u64,
    /// Who ordered.
    pub(crate) owner: String,
    /// The write that made it; 0 of one that was there before.
    pub(crate) op: u64,
}

/// An order as it was kept before.
#[document(plugin = Shop, collection = "orders", version = 1, retired)]
pub(crate) struct OrderV1 {
    /// Its place.
    #[id]
    pub(crate) id: String,
    /// No other order has it.
    pub(crate) number: u64,
    /// Who ordered.
    pub(crate) buyer: String,
}

#[migrate(from = 1)]
fn from_v1(old: OrderV1) -> Order {
    Order { id: old.id, number: old.number, owner: old.buyer, op: 0 }
}

/// What a build declared that knew the first version alone.
pub(crate) static V1: DocumentMeta = DocumentMeta {
    collection: "orders",
    version: 1,
    id: "id",
    shape: <OrderV1 as Stored>::shape,
    from_value: |value| typed::encode(&value.into_typed::<OrderV1>()?),
    indexes: &[],
};

/// Something was ordered.
#[event("crash-shop:ordered", plugin = Shop)]
pub(crate) struct Ordered {
    /// The write that made the order.
    op: u64,
}

/// Something is to be ordered.
#[filter_point("crash-shop:order", on_error = fail)]
pub(crate) struct Wanted {
    /// The number of the write.
    op: u64,
    number: u64,
    owner: String,
    /// Whether it was.
    taken: bool,
}

#[filter]
async fn take(ctx: &Context<Shop>, wanted: Wanted) -> Result<Wanted> {
    let order = &Order { id: wanted.op.to_string(), number: wanted.number, owner: wanted.owner.clone(), op: wanted.op };
    let taken = ctx.txn(|tx| async move {
        tx.docs().insert(order).await?;
        tx.emit(&Ordered { op: order.op })
    });
    let taken = match taken.await {
        Ok(()) => true,
        Err(error) => match error.downcast_ref() {
            Some(StoreError::Duplicate { .. } | StoreError::TransactionConflict { .. }) => false,
            _ => return Err(error),
        },
    };
    Ok(Wanted { taken, ..wanted })
}

#[on("crash-shop:ordered")]
async fn hear(ctx: &Context<Clerk>, ordered: &Ordered) -> Result<()> {
    ctx.db().increment(&format!("heard:{}", ordered.op), 1).await?;
    Ok(())
}
