"""Keys of the proxy: each may spend $3.00, those called odd $2.95."""

import hashlib

from litellm.proxy._types import UserAPIKeyAuth


async def user_api_key_auth(request, api_key):
    token = hashlib.sha256(api_key.encode()).hexdigest()
    budget = 2.95 if "odd" in api_key else 3.0
    return UserAPIKeyAuth(api_key=token, token=token, key_name=api_key, max_budget=budget, spend=0.0)
