//! Prices: as shipped, as imported, as configured.

use std::sync::{Arc, PoisonError, RwLock};

use ledger::PriceBook;
use store::Store;

/// The prices that are known here: those of our own parts as shipped, and those that were imported, as
/// they were last seen.
#[derive(Debug)]
pub struct Prices(RwLock<Arc<PriceBook>>);

impl Default for Prices {
    fn default() -> Self {
        Self(RwLock::new(Arc::new(PriceBook::shipped())))
    }
}

impl Prices {
    /// As they were last seen.
    pub fn book(&self) -> Arc<PriceBook> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at what was imported meanwhile.
    ///
    /// # Errors
    /// What the store says; the prices are then as they were.
    pub async fn refresh(&self, store: &dyn Store) -> store::Result<()> {
        let book = Arc::new(imported(store, None).await?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = book;
        Ok(())
    }
}

/// What is shipped, and what was imported of one provider or of all, as it is now.
pub(crate) async fn imported(
    store: &dyn Store,
    provider: Option<&str>,
) -> store::Result<PriceBook> {
    let (rows, rates) = store.price_list(provider).await?;
    let mut book = PriceBook::shipped();
    book.extend(rows, rates);
    Ok(book)
}
