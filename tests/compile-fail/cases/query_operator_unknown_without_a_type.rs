fn main() {
    let _ = plugin_core::query! { endedAt: { after: 7 } };
}
