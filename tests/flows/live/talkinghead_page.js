// What a page of a user imports from npm.
import { TalkingHead } from '@met4citizen/talkinghead';
window.TalkingHead = TalkingHead;
