"""Phrases of every persona in both languages: greetings, the default fallback, questions out of scope."""

from __future__ import annotations

GREETING_QUESTIONS = {
    "en": ("Hello", "Hi", "Hey", "Hi there", "Good morning", "Good evening", "Who are you?", "What is your name?", "Who am I talking to?",
           "Who might you be?", "Please introduce yourself.", "How are you?", "Nice to meet you"),
    "zh": ("你好", "您好", "你好呀", "大家好", "早上好", "晚上好", "你是谁？", "你叫什么名字？", "您怎么称呼？",
           "您贵姓？", "请自我介绍一下。",
           "很高兴认识你", "你好吗？"),
}  # fmt: skip
THANKS, GOODBYE, MORE, LANGUAGE = SMALL_TALK = ("thanks", "goodbye", "more", "language")
"""Ids of the lines of small talk."""
SMALL_TALK_TEXTS = {
    "en": {THANKS: "You are welcome!", GOODBYE: "Goodbye, and all the best!", MORE: "I see. What would you like to know?",
           LANGUAGE: "I am sorry, I only speak English."},
    "zh": {THANKS: "不客气！", GOODBYE: "再见，祝你一切顺利！", MORE: "好的。你想知道什么？", LANGUAGE: "对不起，我只会说中文。"},
}  # fmt: skip
"""What is said where the persona says nothing else."""
SMALL_TALK_QUESTIONS = {
    "en": {THANKS: ("Thank you.", "Thanks a lot!", "Many thanks", "That was very helpful, thank you.", "Great, thanks."),
           GOODBYE: ("Goodbye!", "Bye", "Bye bye", "See you later.", "Thank you, goodbye.", "I have to go now.", "Good night.",
                     "Have a nice day."),
           MORE: ("Yes", "No", "OK", "I see.", "Hm", "Really?", "Right", "All right", "You are stupid.", "Shut up, you idiot.",
                  "Go to hell.", "You are useless and ugly.", "What a load of rubbish."),
           LANGUAGE: ("Do you speak German?", "Can we talk in another language?", "Do you understand French?")},
    "zh": {THANKS: ("谢谢", "谢谢你", "多谢", "非常感谢", "太好了，谢谢。", "辛苦了"),
           GOODBYE: ("再见", "拜拜", "下次见", "谢谢，再见。", "我先走了", "晚安", "祝你愉快"),
           MORE: ("是的", "不是", "好的", "嗯", "哦", "真的吗？", "对", "知道了",
                  "你真笨。", "闭嘴，白痴。", "滚开", "你这个骗子", "胡说八道"),
           LANGUAGE: ("你会说英语吗？", "可以用别的语言吗？", "你听得懂法语吗？")},
}  # fmt: skip
"""What people say to which a line of small talk answers: `more` to yes, no and insults."""
REPEAT_QUESTIONS = {
    "en": ("Can you say that again?", "Repeat that, please.", "Pardon?",
           "What did you say?", "I did not understand that.", "Say it again."),
    "zh": ("再说一遍", "请重复一下", "你说什么？", "我没听清", "没听懂", "能再讲一次吗？"),
}  # fmt: skip
CONTINUE_QUESTIONS = {
    "en": ("Go on.", "Tell me more.", "What else?", "Continue, please.", "And what else should I know?"),
    "zh": ("继续", "再多说一点", "还有呢？", "接着说", "还有什么？"),
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
