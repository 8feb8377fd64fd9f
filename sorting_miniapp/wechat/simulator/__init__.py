"""A stateful stand-in for WeChat's servers, for development, rehearsal and tests (wechat.md §5). Memory only."""
