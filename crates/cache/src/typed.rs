//! Values that are not bytes.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Cache, Found, Region};

/// Why there are no bytes.
enum NoBytes<E> {
    Failed(E),
    /// It was made and cannot be written down.
    Unwritable,
}

impl Cache {
    /// As [`Cache::get_or_make`], kept as JSON. What cannot be read, because another version of the program wrote it, is
    /// made anew for this call, and what cannot be written is not kept.
    ///
    /// # Errors
    /// Those of `make` alone.
    pub async fn get_or_make_json<T: Serialize + DeserializeOwned, E>(
        &self,
        region: Region,
        key: &str,
        make: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<(T, Found), E> {
        let mut make = Some(make);
        let mut made = None;
        let got = {
            let (make, made) = (&mut make, &mut made);
            self.get_or_make(region, key, async move || {
                // The closure is called once.
                let Some(make) = make.take() else { return Err(NoBytes::Unwritable) };
                let value = make().await.map_err(NoBytes::Failed)?;
                let bytes = serde_json::to_vec(&value);
                *made = Some(value);
                bytes.map(Bytes::from).map_err(|_| NoBytes::Unwritable)
            })
            .await
        };
        match (got, made, make) {
            (Err(NoBytes::Failed(error)), _, _) => Err(error),
            (_, Some(value), _) => Ok((value, Found::Made)),
            (Ok((bytes, found)), None, make) => match (serde_json::from_slice(&bytes), make) {
                (Ok(value), _) => Ok((value, found)),
                (Err(_), Some(make)) => make().await.map(|value| (value, Found::Made)),
                (Err(_), None) => unreachable!("whoever made it has the value"),
            },
            (Err(NoBytes::Unwritable), None, _) => unreachable!("only what was made is unwritable"),
        }
    }
}
