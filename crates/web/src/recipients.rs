//! Recipients: the list, one of them, files in and out.

pub(crate) mod delete;
pub(crate) mod edit;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod show;
#[cfg(test)]
mod tests;
