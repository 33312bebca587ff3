"""The texts of the login page, Chinese first."""

WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "html_lang": "zh-CN",
        "title": "登录",
        "heading": "登录 gridmap",
        "name": "用户名",
        "password": "密码",
        "submit": "登录",
        "wrong": "用户名或密码不正确。密码区分大小写；连续五次错误后将锁定十五分钟。",
        "locked": "登录失败次数过多，该用户已锁定至 {until}。请届时再试，或请管理员重设密码。",
        "stale": "页面已过期，请重新输入密码再登录。",
        "other_language": "English",
    },
    "en": {
        "html_lang": "en",
        "title": "Sign in",
        "heading": "Sign in to gridmap",
        "name": "Name",
        "password": "Password",
        "submit": "Sign in",
        "wrong": "Name or password is wrong. Capitals count; after five failures the name is locked for 15 minutes.",
        "locked": "Too many failures: this name is locked until {until}. Try again then, or ask the administrator.",
        "stale": "The page was too old. Type the password again.",
        "other_language": "中文",
    },
}
