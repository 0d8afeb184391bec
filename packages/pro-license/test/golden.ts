/**
 * Licences signed with the development key by an implementation in another language, so that both agree on every byte that
 * is signed. They hold from 2026-01-01 to 2026-12-31.
 */
export const FOREIGN =
  "eyJhbGciOiAiZWQyNTUxOSIsICJwYXlsb2FkIjogeyJjdXN0b21lcl9pZCI6ICJjLTEiLCAib3JnIjogIsOcbsOvY29kZSBcIsOYXCIg5Lya56S+IPCfmoDigKh/XHR0YWIiLCAidGllciI6ICJQUk8iLCAicGxhbiI6ICJtb250aGx5IiwgImlzc3VlZF9hdCI6ICIyMDI2LTAxLTAxIiwgImV4cGlyZXMiOiAiMjAyNi0xMi0zMSJ9LCAic2lnbmF0dXJlIjogIkszTEhFa201ZTIzWWdhL1ZtS2ZvTmtNRXZFakhQTTFFZkhkSE9uRjhLSmdHU1NBOGkxRWNkdnNQWDFtVzIvVk9LOTFwNGY1V25pWENPMVJOU2tBSUF3PT0ifQ==";

/** What the one above says. */
export const FOREIGN_ORGANISATION = 'Ünïcode "Ø" 会社 🚀\u2028\u007f\ttab';

/** With claims of later versions: nested, numbers, and keys whose order differs between UTF-8 and UTF-16. */
export const FOREIGN_WITH_MORE_CLAIMS =
  "eyJhbGciOiAiZWQyNTUxOSIsICJwYXlsb2FkIjogeyJjdXN0b21lcl9pZCI6ICJjLTEiLCAib3JnIjogIkV4dHJhIiwgInRpZXIiOiAiUFJPIiwgInBsYW4iOiAibW9udGhseSIsICJpc3N1ZWRfYXQiOiAiMjAyNi0wMS0wMSIsICJleHBpcmVzIjogIjIwMjYtMTItMzEiLCAic2VhdHMiOiAyNTAsICJub3RlcyI6IHsiw6kiOiBbMSwgdHJ1ZSwgbnVsbCwgLTNdLCAieiI6ICJcXCIsICLvv64iOiAxLCAi8J+YgCI6IDIsICJhIjoge319fSwgInNpZ25hdHVyZSI6ICJzL1d6NENSZjI0YWdDNVlPKzBnNlh5ODZSV3h0SWQ1WGVtMXpaTS9NbXVQZ2lOcVY2NmRlMWkxNjVRMU5WQVRveVBXb1JiZVM5VkFxM2d1TVhaNzFEUT09In0=";
