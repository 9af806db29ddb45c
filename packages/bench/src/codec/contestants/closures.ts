import { postcard } from "../postcard.ts";

export const contestant = postcard();
