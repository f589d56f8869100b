"""The live page's own words in both of its languages; what people and bundles wrote is shown as written."""

from __future__ import annotations

from flows.report.labels import LABELS as REPORT_LABELS
from flows.report.labels import Label

_SHARED = (
    "language",
    "avatar",
    "view_of",
    "view_keys",
    "opening",
    "camera",
    "camera_face",
    "camera_bust",
    "camera_body",
    "question",
    "ask",
)

LABELS = {name: REPORT_LABELS[name] for name in _SHARED} | {
    "conversation": Label("Conversation", "对话"),
    "character": Label("Character", "角色"),
    "microphone": Label("Microphone", "麦克风"),
    "stop": Label("Stop", "停止"),
    "state_idle": Label("Ready", "就绪"),
    "state_listening": Label("Listening", "正在听"),
    "state_thinking": Label("Thinking", "正在想"),
    "state_speaking": Label("Speaking", "正在说"),
    "state_lost": Label("Not connected", "未连接"),
    "lost": Label("The connection is lost; trying again…", "连接已断开，正在重试……"),
    "server_says": Label("The server says: {message}", "服务器提示：{message}"),
    "no_sound": Label("A sound could not be played: {reason}", "声音无法播放：{reason}"),
    "microphone_refused": Label("The browser has no permission to use the microphone. You can type.", "浏览器没有麦克风权限，您可以打字。"),
    "microphone_failed": Label("The microphone cannot be used: {reason}", "麦克风无法使用：{reason}"),
    "quoted": Label("From {file}", "出自 {file}"),
    "quoted_page": Label("From {file}, page {number}", "出自 {file}，第 {number} 页"),
    "quoted_line": Label("From {file}, line {number}", "出自 {file}，第 {number} 行"),
    "quoted_row": Label("From {file}, row {number}", "出自 {file}，第 {number} 条"),
    "enter_vr": Label("Enter VR", "进入 VR"),
    "enter_ar": Label("Enter AR", "进入 AR"),
    "consent_title": Label("This conversation would be recorded", "本次对话将被录制"),
    "consent_text": Label(
        "The operator of this server stores what you say and write, and the answers. You can talk without being recorded.",
        "本服务器的运营者会保存您所说、所写的内容以及回答。您也可以选择不录制，照常对话。",
    ),
    "consent_agree": Label("I agree", "我同意"),
    "consent_decline": Label("Talk without recording", "不录制，直接对话"),
}
