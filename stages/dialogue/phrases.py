"""Phrases of every persona in both languages: greetings, the default fallback, questions out of scope."""

from __future__ import annotations

GREETING_QUESTIONS = {
    "en": ("Hello", "Hi", "Hey", "Good morning", "Good evening", "Who are you?", "What is your name?",
           "Please introduce yourself.", "How are you?", "Nice to meet you"),
    "zh": ("你好", "您好", "大家好", "早上好", "晚上好", "你是谁？", "你叫什么名字？", "请自我介绍一下。", "很高兴认识你", "你好吗？"),
}  # fmt: skip
FALLBACK_TEXT = {"en": "I am sorry, I do not know that.", "zh": "对不起，这个我不知道。"}
OUT_OF_SCOPE_QUESTIONS = {
    "en": ("What is the weather like?", "Tell me a joke.", "Who won the game?", "What is two plus two?", "What is the capital of Italy?",
           "Sing a song.", "What do you think of politics?", "Write a poem.", "How do I cook rice?", "Can you help me with my computer?"),
    "zh": ("天气怎么样？", "讲个笑话。", "二加二是多少？", "意大利的首都是哪里？", "唱一首歌。",
           "你对政治怎么看？", "怎么做米饭？", "帮我写一首诗。", "我的电脑坏了。"),
}  # fmt: skip
"""Questions that are out of scope for nearly every persona; a matcher uses them with the author's out_of_scope."""
TOPIC_QUESTION = {"en": "Tell me about {}.", "zh": "请说说{}。"}
"""How a visitor asks for a topic."""
REQUEST_WORDS = {
    "en": "tell me us something more about the a an your our my of can could would you please what do know i like to hear want talk speak",
    "zh": "请你您能可以给我们说讲谈聊介绍一下吧吗呢的关于想听知道些什么跟",
}
"""Words (Chinese: characters) of such a question that are not part of the topic."""


def compose_greeting(name: str, who: str, language: str) -> str:
    """A greeting from the sentence about the person, else from the name, else without either."""
    who = who.strip()
    if language == "zh":
        return "你好！" + (who or (f"我是{name}。" if name else "很高兴认识你。"))
    return "Hello! " + (who or (f"I am {name}." if name else "Nice to meet you."))
