//! Uploaded pictures: made safe, and stored.
//!
//! [`picture`] turns bytes that anybody may have sent into a picture of our own making; [`store`] keeps bytes in a
//! folder or an S3-compatible bucket. Neither knows of users, SQL or HTTP: whose picture it is, is the caller's matter.
//!
//! [`Refused`](picture::Refused) is for the person who uploaded; [`StoreError`](store::StoreError) is for the operator.

pub mod media_type;
pub mod picture;
pub mod store;

pub use media_type::MediaType;
