import { useGeneratedCode } from "roam-postcard/generated";
import { postcard } from "../postcard.ts";

if (!useGeneratedCode()) throw new TypeError("code from strings is forbidden here");

export const contestant = postcard();
