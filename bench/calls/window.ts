/** How many calls are under way at once, where many are. */
export const WINDOW = 64
