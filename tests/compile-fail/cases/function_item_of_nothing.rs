fn main() {
    plugin_core::bare::item::item::<()>();
}
