"""LiteLLM's BudgetManager: python litellm_manager.py BASE_URL CALLS; a race for each line on stdin.

As its documentation shows: ask what is spent, call, tell it the answer.
"""

import asyncio
import sys

import litellm
from litellm import BudgetManager

base_url, calls = sys.argv[1], int(sys.argv[2])
litellm.suppress_debug_info = True
litellm.register_model(
    {
        "openai/writer": {
            "input_cost_per_token": 0.0,
            "output_cost_per_token": 0.0003,
            "litellm_provider": "openai",
            "mode": "chat",
        },
        "writer": {
            "input_cost_per_token": 0.0,
            "output_cost_per_token": 0.0003,
            "litellm_provider": "openai",
            "mode": "chat",
        },
    }
)
manager = BudgetManager(project_name="race", client_type="local")


async def spend(user):
    if manager.get_current_cost(user=user) + 0.12 > manager.get_total_budget(user):
        return
    answer = await litellm.acompletion(
        model="openai/writer",
        api_base=base_url,
        api_key="nobody",
        max_tokens=400,
        max_retries=0,
        messages=[{"role": "user", "content": "Tell of the deep sea."}],
    )
    manager.update_cost(completion_obj=answer, user=user)


async def race(user):
    manager.create_budget(total_budget=3.0, user=user)
    await asyncio.gather(*(spend(user) for _ in range(calls)), return_exceptions=True)


for line in sys.stdin:
    user = "video " + line.strip()
    asyncio.run(race(user))
    print("done", manager.get_current_cost(user=user), flush=True)
