//! What kind of file a picture of ours is.

/// The kinds that [`encode`](crate::picture::Picture::encode) makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// A picture without transparency.
    Jpeg,
    /// A picture with transparency.
    Png,
}

impl MediaType {
    /// For the header `Content-Type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// The end of a file's name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    /// The kind whose [extension](Self::extension) this is.
    pub fn from_extension(extension: &str) -> Option<Self> {
        [Self::Jpeg, Self::Png].into_iter().find(|kind| kind.extension() == extension)
    }
}
