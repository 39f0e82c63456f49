//! `/v1/videos`.

pub(crate) mod cancel;
pub(crate) mod delete;
pub(crate) mod events;
pub(crate) mod file;
pub(crate) mod files;
pub(crate) mod list;
pub(crate) mod receipt;
pub(crate) mod retry;
pub(crate) mod show;
pub(crate) mod submit;

use store::VideoRow;
use ytempire_core::{AccountId, VideoId};

use crate::error::ApiError;
use crate::parts::Api;

/// The video of that id, if it is the account's. Another's is as if it weren't there.
pub(crate) async fn of_account(
    api: &Api,
    account: AccountId,
    id: VideoId,
) -> Result<VideoRow, ApiError> {
    let found = api.store().video_get(id).await?;
    let ours = found.filter(|video| video.account == account);
    ours.ok_or_else(ApiError::no_video)
}
