use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders")]
pub struct Order {
    #[id]
    pub id: String,
    pub amount: u64,
    pub buyer: Option<String>,
    pub to: Address,
    pub paid: bool,
}

#[model(stored)]
pub struct Address {
    pub city: String,
}

fn main() {
    let _ = query!(Order { to.town: "Bern" });
}
