//! placeholder
pub(super) fn is_known(_name: &str) -> bool {
    false
}
