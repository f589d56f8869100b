"""The page's own words in both of its languages; what the user wrote is shown as written."""

from __future__ import annotations

from typing import NamedTuple


class Label(NamedTuple):
    """One text of the page; {names} are filled in by the template."""

    en: str
    zh: str


LABELS = {
    # Frame
    "skip": Label("Skip to the avatar", "跳到角色"),
    "sections": Label("Sections", "页面导航"),
    "language": Label("Page language", "页面语言"),
    "avatar": Label("Avatar", "角色"),
    "offline": Label("This page works offline.", "本页可离线浏览。"),
    # Summary
    "summary": Label("Key figures", "关键数据"),
    "gates_short": Label("Quality gates", "质量检查"),
    "gates_passed": Label("{passed} of {total} passed", "通过 {passed}/{total}"),
    "triangles": Label("Triangles", "三角面"),
    "target": Label("Target", "目标平台"),
    "licence": Label("Licence", "许可协议"),
    "download": Label("Download", "下载"),
    # Viewer
    "viewer": Label("3D view", "三维视图"),
    "view_of": Label("3D view of {name}", "{name}的三维视图"),
    "view_keys": Label("Arrow keys turn the view, + and − zoom, 0 resets it.", "方向键旋转，+ 和 − 缩放，0 复位。"),
    "opening": Label("Loading the avatar…", "正在加载角色…"),
    "camera": Label("Camera", "镜头"),
    "camera_face": Label("Face", "面部"),
    "camera_bust": Label("Bust", "半身"),
    "camera_body": Label("Body", "全身"),
    "turntable": Label("Turntable", "自动旋转"),
    "pause": Label("Pause motion", "暂停动作"),
    "waveform": Label("Waveform of the spoken line, coloured by viseme", "当前台词的波形，颜色表示口型"),
    # Conversation
    "ask_title": Label("Ask a question", "向角色提问"),
    "question": Label("Your question", "你的问题"),
    "ask": Label("Ask", "提问"),
    "examples": Label("Example questions", "示例问题"),
    "nearest": Label("Closest known question:", "最接近的已知问题："),
    "no_nearest": Label("No known question is close to this one.", "没有与之接近的已知问题。"),
    "source_page": Label("{file}, page {number}", "{file}，第 {number} 页"),
    "source_line": Label("{file}, line {number}", "{file}，第 {number} 行"),
    "source_row": Label("{file}, row {number}", "{file}，表格第 {number} 行"),
    "lines": Label("Lines", "台词"),
    "seconds": Label("{seconds} s", "{seconds} 秒"),
    "clips": Label("Animation clips", "动画片段"),
    # Expressions
    "expressions": Label("Expressions", "表情"),
    "mood_neutral": Label("Neutral", "平静"),
    "mood_happy": Label("Happy", "高兴"),
    "mood_surprised": Label("Surprised", "惊讶"),
    "mood_sad": Label("Sad", "悲伤"),
    "mood_angry": Label("Angry", "生气"),
    "mood_asleep": Label("Asleep", "闭眼"),
    "group_brows": Label("Brows", "眉毛"),
    "group_eyes": Label("Eyes", "眼睛"),
    "group_cheeks": Label("Cheeks and nose", "脸颊与鼻子"),
    "group_jaw": Label("Jaw and tongue", "下颌与舌头"),
    "group_mouth": Label("Mouth", "嘴部"),
    "group_visemes": Label("Visemes", "口型"),
    # Previews
    "previews": Label("Previews", "预览图"),
    "preview_portrait": Label("Portrait", "肖像"),
    "preview_full": Label("Full figure", "全身"),
    "preview_wave": Label("Waving", "挥手"),
    "preview_expressions": Label("Visemes and blink", "口型与眨眼"),
    "preview_speech": Label("Speaking", "说话"),
    "preview_turntable": Label("Turntable", "环绕展示"),
    "pause_picture": Label("Pause", "暂停播放"),
    # Quality
    "quality": Label("Quality gates", "质量检查"),
    "quality_all": Label("All {total} gates that ran passed.", "已运行的 {total} 项检查全部通过。"),
    "quality_some": Label("{failed} of {total} gates that ran failed.", "已运行的 {total} 项检查中有 {failed} 项未通过。"),
    "quality_skipped": Label("{skipped} could not run on the machine that built this bundle.", "另有 {skipped} 项在构建环境中无法运行。"),
    "failed": Label("Failed", "未通过"),
    "skipped": Label("Not run", "未运行"),
    "passed": Label("Passed", "通过"),
    "allowed": Label("Failed, allowed by the user", "未通过（用户已允许）"),
    "passed_count": Label("{count} passed gates", "已通过的 {count} 项检查"),
    "attention": Label("Failed and not run", "未通过与未运行"),
    "warnings": Label("Warnings", "警告"),
    "result": Label("Result", "结果"),
    "gate": Label("Gate", "检查项"),
    "measured": Label("Value / limit", "实测值 / 限值"),
    # Build
    "build": Label("Build", "构建过程"),
    "build_time": Label(
        "{seconds} s of computing: {ran} stages ran, {cached} came from the cache.",
        "计算共 {seconds} 秒：运行 {ran} 个阶段，{cached} 个取自缓存。",
    ),
    "stages": Label("Stages", "阶段"),
    "stage": Label("Stage", "阶段"),
    "time": Label("Time", "用时"),
    "cached": Label("cached", "缓存"),
    "details": Label("Details", "详情"),
    "created": Label("Built", "构建时间"),
    "generator": Label("Made with", "生成工具"),
    "seed": Label("Seed", "随机种子"),
    "models": Label("Models", "模型"),
    "model": Label("Model", "模型"),
    # Licences
    "licences": Label("Rights and licences", "权利与许可"),
    "rights": Label("Rights", "权利"),
    "creator": Label("Creator", "作者"),
    "consent": Label("Consent record", "同意书"),
    "strict": Label("Only parts cleared for sale", "仅用可商用素材"),
    "yes": Label("yes", "是"),
    "no": Label("no", "否"),
    "none": Label("none", "无"),
    "files": Label("Files", "文件"),
    "files_count": Label("{count} files and their licences", "{count} 个文件及其许可"),
    "file": Label("File", "文件"),
    "licence_and_size": Label("Licence, size", "许可与大小"),
    "bytes": Label("{count} bytes", "{count} 字节"),
}
