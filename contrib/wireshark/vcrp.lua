-- vcrp.lua -- Wireshark's dissector of VCRP, the Very Simple Chatroom Protocol
--
-- SPDX-License-Identifier: MIT
--
-- Takes apart the lines of streams, plain or inside TLS, and the datagrams:
-- discovery, and sealed sessions, which it opens where it has the key. The
-- protocol is doc/vcrp-1.md; how to install and use this file tells README,
-- beside it. For Wireshark and tshark from 4.0 on.
--
-- A packet is dissected once in the order of the capture, and then as often as
-- somebody looks at it. What depends on the packets before it is found out in
-- the first pass (follow_line() and what it calls) and noted for the frame;
-- later passes show the notes. In the first pass there may be no tree, so no
-- state hangs on a field's value.

if set_plugin_info then
    set_plugin_info({ version = "0.1", author = "the VCRP authors",
        description = "VCRP, the Very Simple Chatroom Protocol" })
end

local vcrp = Proto("vcrp", "Very Simple Chatroom Protocol")
-- The same lines as the payload of TLS. An entry of its own: nothing else
-- tells a dissector that it is inside TLS.
local vcrps = Proto("vcrps", "Very Simple Chatroom Protocol over TLS")

local LINE_MAX, TEXT_MAX, ATTRIBUTES_MAX = 4096, 3072, 512
local NUMBER_MAX = 9007199254740991
local DATAGRAM_MAX, DATAGRAM_MIN, HEADER, TAG = 1200, 64, 24, 16
local QUESTION_MIN = 256
local PIECE = 1159

-- Fields --------------------------------------------------------------------

local fields, kinds = {}, {}

local function field(kind, key, label, ...)
    local make = kind == "number" and ProtoField.uint64 or ProtoField[kind]
    fields[key] = make("vcrp." .. key, label, ...)
    kinds[key] = kind
end

for key, label in pairs({
    action = "Action", answered = "Answered verb", attribute = "Attribute",
    ["attribute.key"] = "Key", ["attribute.value"] = "Value",
    attributes = "Attributes", ["auth.data"] = "Data",
    ["auth.mechanism"] = "Mechanism", ["auth.message"] = "Message",
    ["auth.name"] = "Authentication name", code = "Code",
    directory = "Directory", feature = "Feature", features = "Features",
    ["for"] = "For", id = "Id", key = "Key of a name, or invitation",
    limit = "Limit", line = "Line", name = "Name", network = "Network",
    nick = "Nick", nonce = "Nonce", pattern = "Pattern", proxy = "PROXY header",
    reason = "Reason", role = "Role", room = "Room", server = "Server",
    setting = "Setting", software = "Software", stat = "Statistic",
    subject = "Subject", text = "Text", topic = "Topic", value = "Value",
    verb = "Verb", verifier = "Verifier", who = "Who", word = "Word",
}) do
    field("string", key, label)
end
for key, label in pairs({
    after = "After", before = "Before", bytes = "Bytes",
    connections = "Connections", count = "Count", counter = "Counter",
    files = "Files", from = "From", last = "Last number", members = "Members",
    number = "Number", re = "Answers number", retry = "Retry after (ms)",
    rooms = "Rooms", seconds = "Seconds", target = "Target number", to = "To",
    version = "Version", wait = "Wait (ms)",
}) do
    field("number", key, label)
end
field("absolute_time", "time", "Time", base.UTC)
field("uint8", "direction", "Direction", base.DEC,
    { [0] = "client to server", [1] = "server to client" })
field("bytes", "session", "Session")
field("bytes", "session_key", "Session key")
field("bytes", "sealed", "Sealed")
field("bytes", "tag", "Tag")
field("bytes", "padding", "Padding")
field("bytes", "piece", "Piece")
field("uint8", "piece.index", "Index", base.DEC)
field("uint8", "piece.total", "Total", base.DEC)
field("framenum", "reassembled_in", "Line reassembled in", base.NONE)
field("framenum", "piece.frame", "Piece in", base.NONE)
field("framenum", "response_in", "Response in", base.NONE, frametype.RESPONSE)
field("framenum", "response_to", "Response to", base.NONE, frametype.REQUEST)
field("relative_time", "response_time", "Time since the request")
field("framenum", "first_in", "First in", base.NONE)
vcrp.fields = fields

local experts = {}
for key, e in pairs({
    error_line = { "A line was refused", "RESPONSE_CODE", "WARN" },
    error_refused = { "A request was refused", "RESPONSE_CODE", "NOTE" },
    error_server = { "The server cannot", "RESPONSE_CODE", "ERROR" },
    gap = { "Events are not given", "SEQUENCE", "NOTE" },
    reset = { "The number asked after is not the room's", "SEQUENCE", "WARN" },
    bye = { "The server ends the connection", "RESPONSE_CODE", "CHAT" },
    hole = { "Numbers are missing", "SEQUENCE", "WARN" },
    twice = { "A number comes again", "SEQUENCE", "WARN" },
    malformed = { "Not in the grammar", "MALFORMED", "WARN" },
    unknown_verb = { "Unknown verb", "PROTOCOL", "WARN" },
    more_words = { "More words than are known", "PROTOCOL", "NOTE" },
    too_long = { "Too long", "PROTOCOL", "WARN" },
    bad_utf8 = { "Not UTF-8", "MALFORMED", "WARN" },
    control = { "Control character", "MALFORMED", "WARN" },
    incomplete = { "The line's end is missing", "UNDECODED", "NOTE" },
    plain_password = { "A password in plain text", "SECURITY", "WARN" },
    plain_key = { "A secret in plain text", "SECURITY", "NOTE" },
    resent = { "A request is sent again", "SEQUENCE", "NOTE" },
    sealed = { "Sealed, and the key is not known", "UNDECODED", "NOTE" },
    bad_seal = { "The seal is broken, or the key another one", "DECRYPTION",
        "ERROR" },
    replayed = { "A counter comes again", "SECURITY", "WARN" },
    reordered = { "A counter below the highest", "SEQUENCE", "NOTE" },
    lost = { "Counters are missing", "SEQUENCE", "NOTE" },
    size = { "A datagram's size", "PROTOCOL", "WARN" },
    amplifies = { "An answer longer than its question", "SECURITY", "WARN" },
    gone = { "The session is not known, says somebody", "SEQUENCE", "NOTE" },
}) do
    experts[key] = ProtoExpert.new("vcrp.expert." .. key, e[1],
        expert.group[e[2]], expert.severity[e[3]])
end
vcrp.experts = experts

local function remark(item, key, text)
    if text then
        item:add_proto_expert_info(experts[key], text)
    else
        item:add_proto_expert_info(experts[key])
    end
end

-- Grammar -------------------------------------------------------------------

-- What follows a verb: `x` a word, `[x]` one that may be missing, `x...` any
-- number of them, `:x` a text, `:x!` one that must be there. Each x is a field.
local REQUESTS = {
    SAY = "room :text!", JOIN = "room [after]", HELLO = "nick [room]",
    LEAVE = "room", EDIT = "room target :text!", DELETE = "room target",
    REACT = "room target :text!", SIGNAL = "room :text!", WHO = "room",
    LIST = "[pattern]", HISTORY = "room count [before]",
    SEARCH = "room count :text!", SET = "room setting :value",
    ROLE = "room name role", KICK = "room name :reason", PING = ":text",
    PONG = ":text", HELP = "[subject]", QUIT = ":reason",
    AUTH = "auth.mechanism [auth.data]", REGISTER = "name verifier",
    PASSWD = "verifier", READ = "room number",
    ACCOUNT = "action [name] [value]", STATS = "[subject]",
    NOTICE = ":text!", KILL = "name :reason", RELOAD = "", RETRY = "room",
    BACKUP = ":directory!", BAN = "[network] :reason", UNBAN = "network",
    CALM = "[seconds]", DRAIN = "[seconds]", SHUTDOWN = "", UDP = "",
}
local ANSWERS = {
    MSG = "room number time name :text!",
    EDIT = "room number time name target :text!",
    DELETE = "room number time name target",
    REACT = "room number time name target :text!",
    SET = "room number time name setting :value",
    ROLE = "room number time name who role",
    JOIN = "room name", LEAVE = "room name :reason",
    SIGNAL = "room name :text!", VCRP = "version server software [features]",
    OK = "answered", ERR = "code :text", ROOM = "room last members :topic",
    READ = "room number", NAMES = "room name...", PAGE = "room count",
    GAP = "room from to", RESET = "room last", STAT = "stat value...",
    NOTICE = ":text", PING = ":text", PONG = ":text", BYE = "code :reason",
    AUTH = "auth.data", AT = "room last",
}
-- What follows `OK` and the verb that is answered.
local DONE = {
    HELLO = "name", AUTH = "name", REGISTER = "name", PASSWD = "",
    JOIN = "room last", LEAVE = "room", SAY = "room number",
    EDIT = "room number", DELETE = "room number", REACT = "room number",
    WHO = "room", HISTORY = "room", SEARCH = "room from", READ = "room number",
    LIST = "", SET = "room number", ROLE = "room number", KICK = "room name",
    HELP = "", ACCOUNT = "action value...", STATS = "", NOTICE = "count",
    KILL = "count", BAN = "[network] [count]", UNBAN = "network",
    CALM = "seconds", RELOAD = "", RETRY = "room last",
    BACKUP = "files bytes", DRAIN = "", SHUTDOWN = "",
    UDP = "session session_key",
}
local DISCOVERY = "version nonce server software features connections rooms"

local NUMBERED = { MSG = true, EDIT = true, DELETE = true, REACT = true,
    SET = true, ROLE = true }
-- Requests that are answered by their event.
local ECHO = { SAY = "MSG", EDIT = "EDIT", DELETE = "DELETE", REACT = "REACT",
    SIGNAL = "SIGNAL" }
local ATTRIBUTES = { id = true, re = true, ["for"] = true, before = true,
    key = true, wait = true, limit = true, retry = true }
local MECHANISMS = { PLAIN = true, EXTERNAL = true, ["SCRAM-SHA-256"] = true,
    ["SCRAM-SHA-256-PLUS"] = true }
local SEVERITY = { internal = "error_server", ["storage-full"] = "error_server",
    ["bad-line"] = "error_line", ["too-long"] = "error_line",
    ["bad-utf8"] = "error_line", ["unknown-verb"] = "error_line",
    ["bad-name"] = "error_line", ["bad-value"] = "error_line" }
-- What a packet list does not show: secrets, and what is long and says little.
local QUIET = { time = true, ["auth.data"] = true, verifier = true,
    session_key = true, features = true }
local SECRET = { ["auth.data"] = true, verifier = true, session_key = true }

local function compile(grammar)
    for verb, spec in pairs(grammar) do
        local terms = {}
        for mark, key, tail in spec:gmatch("([%[:]?)([%l._]+)([%]!]*)") do
            local name = key:gsub("%.+$", "")
            terms[#terms + 1] = { key = name, text = mark == ":",
                many = name ~= key,
                must = mark == "" and name == key or tail == "!" }
        end
        grammar[verb] = terms
    end
    return grammar
end
compile(REQUESTS)
compile(ANSWERS)
compile(DONE)
DISCOVERY = compile({ DISCOVERY })[1]

-- Text ----------------------------------------------------------------------

local function number_of(word)
    local n = word:find("^%d+$") and #word <= 16 and tonumber(word)
    if n and n <= NUMBER_MAX and (word == "0" or word:byte() ~= 48) then
        return n
    end
end

-- Every good sequence becomes one letter; what remains is none. (Were they
-- taken out, what stood around them could look like one.)
local SEQUENCES = { "[\194-\223][\128-\191]", "\224[\160-\191][\128-\191]",
    "[\225-\236\238\239][\128-\191][\128-\191]",
    "\237[\128-\159][\128-\191]", "\240[\144-\191][\128-\191][\128-\191]",
    "[\241-\243][\128-\191][\128-\191][\128-\191]",
    "\244[\128-\143][\128-\191][\128-\191]" }

local function is_utf8(s)
    if not s:find("[\128-\255]") then
        return true
    end
    for _, sequence in ipairs(SEQUENCES) do
        s = s:gsub(sequence, "x")
    end
    return not s:find("[\128-\255]")
end

-- For a label: short, and nothing in it that no label may have.
local function shown(s, most)
    local cut = #s > most
    if not cut and not s:find("[%c\128-\255]") then
        return s
    end
    if cut then
        s = s:sub(1, most):gsub("[\194-\244][\128-\191]*$", "")
    end
    s = s:gsub("%c", "?")
    if not is_utf8(s) then
        s = s:gsub("[\128-\255]", "?")
    end
    return cut and s .. "..." or s
end

local function base64(word)
    if word == "=" or #word % 4 ~= 0 or not word:find("^[%w+/]+=?=?$") then
        return nil
    end
    return ByteArray.new(word, true):base64_decode():raw()
end

local function from_hex(s)
    return (s:gsub("..", function(h) return string.char(tonumber(h, 16)) end))
end

local function to_hex(s)
    return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- XChaCha20-Poly1305 --------------------------------------------------------

-- Lua 5.2 has bit32; Wireshark brings `bit` with it, whose results have signs.
local bxor = bit32 and bit32.bxor or bit.bxor
local rotate = bit32 and bit32.lrotate or bit.rol
local WORD = 4294967296
local byte, char, floor = string.byte, string.char, math.floor

local function words_of(s)
    local words = {}
    for i = 1, #s, 4 do
        local a, b, c, d = byte(s, i, i + 3)
        words[#words + 1] = a + b * 256 + c * 65536 + d * 16777216
    end
    return words
end

local function bytes_of(words, from, to)
    local s = {}
    for i = from, to do
        local w = words[i] % WORD
        s[#s + 1] = char(w % 256, floor(w / 256) % 256,
            floor(w / 65536) % 256, floor(w / 16777216))
    end
    return table.concat(s)
end

-- Sums may have more than 32 bits: bxor() takes the low ones.
local function quarter(x, a, b, c, d)
    local xa, xb, xc, xd = x[a], x[b], x[c], x[d]
    xa = xa + xb
    xd = rotate(bxor(xd, xa), 16)
    xc = xc + xd
    xb = rotate(bxor(xb, xc), 12)
    xa = xa + xb
    xd = rotate(bxor(xd, xa), 8)
    xc = xc + xd
    xb = rotate(bxor(xb, xc), 7)
    x[a], x[b], x[c], x[d] = xa, xb, xc, xd
end

-- The 20 rounds over the constants, the key and the last row of four words.
local function rounds(key, row)
    local x = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
        key[1], key[2], key[3], key[4], key[5], key[6], key[7], key[8],
        row[1], row[2], row[3], row[4] }
    for _ = 1, 10 do
        quarter(x, 1, 5, 9, 13)
        quarter(x, 2, 6, 10, 14)
        quarter(x, 3, 7, 11, 15)
        quarter(x, 4, 8, 12, 16)
        quarter(x, 1, 6, 11, 16)
        quarter(x, 2, 7, 12, 13)
        quarter(x, 3, 8, 9, 14)
        quarter(x, 4, 5, 10, 15)
    end
    return x
end

local function hchacha(key, nonce)
    local x = rounds(words_of(key), words_of(nonce))
    return words_of(bytes_of(x, 1, 4) .. bytes_of(x, 13, 16))
end

-- Block number `index` of the key stream, as words.
local function block(key, index, nonce)
    local row = { index, 0, nonce[1], nonce[2] }
    local x = rounds(key, row)
    local start = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }
    for i = 1, 4 do
        x[i] = x[i] + start[i]
        x[12 + i] = x[12 + i] + row[i]
    end
    for i = 1, 8 do
        x[4 + i] = x[4 + i] + key[i]
    end
    return x
end

local function chacha(key, nonce, s)
    local padded = words_of(s .. ("\0"):rep(-#s % 4))
    for at = 1, #padded, 16 do
        local x = block(key, (at + 15) / 16, nonce)
        for i = at, math.min(at + 15, #padded) do
            padded[i] = bxor(padded[i], x[i - at + 1])
        end
    end
    return bytes_of(padded, 1, #padded):sub(1, #s)
end

-- 16 bytes, and a bit above them, as 6 limbs of 22 bits: their products, 20
-- times and summed up, stay below the 2^53 that a Lua number has exactly.
local LIMB = 4194304
local function limbs(a, b, c, d, high)
    return a % LIMB, floor(a / LIMB) + b % 4096 * 1024,
        floor(b / 4096) + c % 4 * 1048576, floor(c / 4) % LIMB,
        floor(c / 16777216) + d % 16384 * 256, floor(d / 16384) + high * 262144
end

-- s: a multiple of 16 bytes, as all that AEAD gives it is. key: 8 words.
local function poly1305(key, s)
    local w = words_of(s)
    local mask = { 0x0fffffff, 0x0ffffffc, 0x0ffffffc, 0x0ffffffc }
    local k = {}
    for i = 1, 4 do
        k[i] = (bit32 or bit).band(key[i], mask[i]) % WORD
    end
    local r0, r1, r2, r3, r4, r5 = limbs(k[1], k[2], k[3], k[4], 0)
    -- 2^132 is 20 modulo the prime 2^130 - 5.
    local s1, s2, s3, s4, s5 = r1 * 20, r2 * 20, r3 * 20, r4 * 20, r5 * 20
    local h0, h1, h2, h3, h4, h5 = 0, 0, 0, 0, 0, 0
    for i = 1, #w, 4 do
        local m0, m1, m2, m3, m4, m5 =
            limbs(w[i], w[i + 1], w[i + 2], w[i + 3], 1)
        h0, h1, h2 = h0 + m0, h1 + m1, h2 + m2
        h3, h4, h5 = h3 + m3, h4 + m4, h5 + m5
        local p0 = h0 * r0 + h1 * s5 + h2 * s4 + h3 * s3 + h4 * s2 + h5 * s1
        local p1 = h0 * r1 + h1 * r0 + h2 * s5 + h3 * s4 + h4 * s3 + h5 * s2
        local p2 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * s5 + h4 * s4 + h5 * s3
        local p3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s5 + h5 * s4
        local p4 = h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0 + h5 * s5
        local p5 = h0 * r5 + h1 * r4 + h2 * r3 + h3 * r2 + h4 * r1 + h5 * r0
        h0, p1 = p0 % LIMB, p1 + floor(p0 / LIMB)
        h1, p2 = p1 % LIMB, p2 + floor(p1 / LIMB)
        h2, p3 = p2 % LIMB, p3 + floor(p2 / LIMB)
        h3, p4 = p3 % LIMB, p4 + floor(p3 / LIMB)
        h4, p5 = p4 % LIMB, p5 + floor(p4 / LIMB)
        h5 = p5 % LIMB
        h0 = h0 + floor(p5 / LIMB) * 20
        h0, h1 = h0 % LIMB, h1 + floor(h0 / LIMB)
    end
    local h = { h0, h1, h2, h3, h4, h5 }
    -- From 2^130 on it is as many 5 as it has of that; twice, for the carry.
    for _ = 1, 2 do
        h[1] = h[1] + floor(h[6] / 1048576) * 5
        h[6] = h[6] % 1048576
        for i = 1, 5 do
            h[i + 1] = h[i + 1] + floor(h[i] / LIMB)
            h[i] = h[i] % LIMB
        end
    end
    -- The prime is taken off if it fits: h + 5 reaches 2^130.
    local g, carry = {}, 5
    for i = 1, 6 do
        g[i] = (h[i] + carry) % LIMB
        carry = floor((h[i] + carry) / LIMB)
    end
    if g[6] >= 1048576 then
        g[6] = g[6] % 1048576
        h = g
    end
    local sum = { h[1] + h[2] % 1024 * LIMB,
        floor(h[2] / 1024) + h[3] % 1048576 * 4096,
        floor(h[3] / 1048576) + h[4] * 4 + h[5] % 256 * 16777216,
        floor(h[5] / 256) + h[6] % 262144 * 16384 }
    carry = 0
    for i = 1, 4 do
        sum[i] = sum[i] + key[4 + i] % WORD + carry
        carry = floor(sum[i] / WORD)
    end
    return bytes_of(sum, 1, 4)
end

local function length64(s)
    return bytes_of({ #s, 0 }, 1, 2)
end

-- The plaintext, or nil if the tag is not that of these bytes and this key.
local function unseal(subkey, counter, header, sealed, tag)
    local nonce = words_of(counter)
    local text = header .. ("\0"):rep(-#header % 16) ..
        sealed .. ("\0"):rep(-#sealed % 16) ..
        length64(header) .. length64(sealed)
    if poly1305(block(subkey, 0, nonce), text) == tag then
        return chacha(subkey, nonce, sealed)
    end
end

-- State ---------------------------------------------------------------------

local ports  -- pairs { first, last } of the preference
local streams, sessions, questions  -- see the functions that make them
local keys  -- of sessions, both as bytes
local keylog_read  -- so many bytes of the key log were read
local noted  -- by frame: what the first pass found out

-- Where a frame can have several of a kind, `which` tells them apart: an id, a
-- room and number.
local function note(frame, kind, which, value)
    noted[frame .. kind .. which] = value
end

local function note_of(frame, kind, which)
    return noted[frame .. kind .. which]
end

-- What is known of one side of the talk: requests by id, rooms by name.
local function talk_new(name)
    return { asked = {}, rooms = {}, joins = {}, page = 0, name = name }
end

local function is_ours(port)
    for _, pair in ipairs(ports) do
        if port >= pair[1] and port <= pair[2] then
            return true
        end
    end
    return false
end

-- The port that the server has: one of the preference's, else the one by which
-- Wireshark came here, else the lower one.
local function server_port(pinfo)
    local from, to = pinfo.src_port, pinfo.dst_port
    if is_ours(to) ~= is_ours(from) then
        return is_ours(to) and to or from
    end
    if pinfo.match_uint == from or pinfo.match_uint == to then
        return pinfo.match_uint
    end
    return math.min(from, to)
end

local function stream_of(pinfo)
    local a = tostring(pinfo.src) .. " " .. pinfo.src_port
    local b = tostring(pinfo.dst) .. " " .. pinfo.dst_port
    local key = a < b and a .. " " .. b or b .. " " .. a
    local stream = streams[key]
    if not stream then
        stream = { port = server_port(pinfo), talk = talk_new(), middle = {} }
        streams[key] = stream
    end
    return stream
end

local function session_of(id)
    local session = sessions[id]
    if not session then
        session = { id = id, talk = talk_new(), subkeys = {},
            counters = { [true] = {}, [false] = {} } }
        sessions[id] = session
    end
    return session
end

local function read_keys(text)
    for session, key in text:gmatch("(%x+)[%s:]+(%x+)") do
        if #session == 32 and #key == 64 then
            keys[from_hex(session)] = from_hex(key)
        end
    end
end

-- Lines that came since it was last read: captures may be looked at live.
local function read_keylog()
    local path = vcrp.prefs.keylog_file
    if path == "" and get_preference then
        path = get_preference("tls.keylog_file") or ""
    end
    local file = path ~= "" and io.open(path, "rb")
    if not file then
        return
    end
    if file:seek("end") > keylog_read then
        file:seek("set", keylog_read)
        local text = file:read("*a"):match("^.*\n") or ""
        keylog_read = keylog_read + #text
        for line in text:gmatch("VCRP_DATAGRAM +[^\r\n]+") do
            read_keys(line:sub(15))
        end
    end
    file:close()
end

function vcrp.init()
    streams, sessions, questions, noted = {}, {}, {}, {}
    keys, keylog_read = {}, 0
    read_keys(vcrp.prefs.keys)
end

-- Following the talk, in the first pass -------------------------------------

local function which_number(v)
    return v.room .. " " .. (v.number or v.from or v.last or "")
end

local function note_hole(c, v, kind, text, ...)
    note(c.frame, "hole", which_number(v),
        { kind, shown(v.room, 64) .. ": " .. text:format(...) })
end

-- Numbers of a room run without a hole; a GAP fills one, and may begin at or
-- below what was there. In datagrams a replay may be on its way twice.
local function advance(c, talk, v, from, to, is_gap)
    local last = talk.rooms[v.room]
    if last and from > last + 1 then
        note_hole(c, v, "hole", "nothing from %.0f to %.0f", last + 1, from - 1)
    elseif last and to <= last and not is_gap and not c.session then
        note_hole(c, v, "twice", "%.0f after %.0f", from, last)
    end
    talk.rooms[v.room] = math.max(to, last or 0)
end

local function follow_join(talk, l, request)
    local room, last = l.values.room, number_of(l.values.last or "")
    local after = talk.joins[room:lower()]
    if request and request.verb == "JOIN" then
        after = request.after
    end
    talk.joins[room:lower()] = nil
    if talk.reset == room then
        after = nil
    end
    talk.reset = nil
    if after == 0 then
        talk.rooms[room] = nil
    elseif after then
        talk.rooms[room] = after
    elseif not talk.rooms[room] then
        talk.rooms[room] = last
    end
end

local function follow_numbers(c, talk, l, request)
    local verb, v = l.verb, l.values
    local room, answered = v.room, v.answered
    if talk.page > 0 and (NUMBERED[verb] or verb == "GAP") then
        talk.page = talk.page - 1
        return
    end
    talk.page = verb == "PAGE" and number_of(v.count or "") or 0
    if not room then
        return
    elseif NUMBERED[verb] then
        local n = number_of(v.number or "")
        if n then
            advance(c, talk, v, n, n)
        end
    elseif verb == "GAP" then
        local from, to = number_of(v.from or ""), number_of(v.to or "")
        if from and to and to >= from then
            advance(c, talk, v, from, to, true)
        end
    elseif verb == "AT" then
        local last = number_of(v.last or "")
        if last and talk.rooms[room] and last > talk.rooms[room] then
            note_hole(c, v, "hole", "nothing after %.0f up to %.0f",
                talk.rooms[room], last)
        end
    elseif verb == "RESET" then
        talk.reset = room
    elseif answered == "JOIN" then
        follow_join(talk, l, request)
    elseif answered == "LEAVE" or verb == "LEAVE" and v.name == talk.name then
        talk.rooms[room] = nil
    end
end

-- The request that this line closes, or is a part of the answer to.
local function request_of(talk, l)
    local request = l.values.id and talk.asked[l.values.id]
    if not request then
        return nil
    end
    local verb = l.verb
    if verb == "OK" or verb == "ERR" or verb == "AUTH" or verb == "PONG" or
        (verb == ECHO[request.verb] and
        (not talk.name or l.values.name == talk.name)) then
        return request
    end
end

local function follow_answer(c, talk, l)
    local request = request_of(talk, l)
    if request then
        note(c.frame, "answered", l.values.id, request)
        if not request.answer and l.verb ~= "AUTH" then
            request.answer = c.frame
        end
    end
    follow_numbers(c, talk, l, request)
    local v = l.values
    if l.verb ~= "OK" then
        return
    elseif v.answered == "HELLO" or v.answered == "AUTH" then
        talk.name = v.name
    elseif v.answered == "UDP" and v.session and v.session_key then
        local session = session_of(from_hex(v.session))
        session.talk.name = talk.name
        session.port = c.port
        keys[session.id] = from_hex(v.session_key)
    end
end

local function follow_request(c, talk, l)
    local v = l.values
    if l.verb == "JOIN" and v.room then
        talk.joins[v.room:lower()] = number_of(v.after or "")
    end
    if not v.id then
        return
    end
    local before = talk.asked[v.id]
    if before and not before.answer and before.line == l.text then
        note(c.frame, "resent", v.id, before.frame)
        note(c.frame, "asked", v.id, before)
        return
    end
    local request = { frame = c.frame, time = c.time, verb = l.verb }
    if c.session then
        request.line = l.text
    elseif v.after then
        request.after = number_of(v.after)
    end
    talk.asked[v.id] = request
    note(c.frame, "asked", v.id, request)
end

-- A login where there was one already, and a second greeting, are of a new
-- connection between the same two ports.
local function is_new(c, talk, l)
    if c.session then
        return false
    elseif c.to_server then
        return talk.name and (l.verb == "HELLO" or l.verb == "AUTH")
    end
    return talk.greeted and l.verb == "VCRP"
end

local function follow_line(c, l)
    if is_new(c, c.owner.talk, l) then
        c.owner.talk = talk_new()
    end
    local talk = c.owner.talk
    if c.to_server then
        follow_request(c, talk, l)
    else
        talk.greeted = talk.greeted or l.verb == "VCRP"
        follow_answer(c, talk, l)
    end
end

-- Lines ---------------------------------------------------------------------

-- A line (`l`) has its text without its end, the tvb and the offset that it is
-- at, where in the text its next word begins, its items, and its values by
-- field. `c` is the packet: who speaks, the frame, the connection's state.

local function range(l, from, to)
    return l.tvb(l.base + from - 1, to - from + 1)
end

-- The same, but that the second is quicker and takes good text only.
local function add_string(tree, key, where, s)
    if s:find("[\0\128-\255]") then
        return (tree:add_packet_field(fields[key], where, ENC_UTF_8))
    end
    return tree:add(fields[key], where, s)
end

local function add(l, tree, key, from, to)
    local kind, word = kinds[key], l.text:sub(from, to)
    local where = range(l, from, to)
    l.values[key] = l.values[key] or word
    if kind == "string" then
        return add_string(tree, key, where, word)
    elseif kind == "bytes" then
        if #word == (key == "session" and 32 or 64) and
            not word:find("[^%da-f]") then
            return (tree:add_packet_field(fields[key], where,
                ENC_UTF_8 + ENC_STR_HEX + ENC_SEP_NONE))
        end
        l.values[key] = nil
    else
        local n = number_of(word)
        if n and kind == "absolute_time" then
            return tree:add(fields[key], where,
                NSTime.new(floor(n / 1000), n % 1000 * 1000000))
        elseif n then
            return tree:add(fields[key], where, UInt64(n))
        end
    end
    local item = add_string(tree, "word", where, word)
    remark(item, "malformed", ("%s: %s is none"):format(key, shown(word, 20)))
    return item
end

local function next_word(l)
    local from, to = l.text:find("[^ ]+", l.at)
    if from then
        l.at = to + 2
    end
    return from, to
end

local function add_attribute(l, tree, from, to)
    local attribute = l.text:sub(from, to)
    local key, equals, value = attribute:match("^([%w+_.-]+)(=?)(.*)$")
    local item = add_string(tree, "attribute", range(l, from, to), attribute)
    if not key or #key > 64 or #value > 255 or
        (equals == "=") ~= (value ~= "") or
        value:find("[*?%[%]\\\"'\t]") then
        remark(item, "malformed", "An attribute is key or key=value")
        return
    end
    local start = from + #key + 1
    add_string(item, "attribute.key", range(l, from, from + #key - 1), key)
    if value ~= "" then
        add_string(item, "attribute.value", range(l, start, to), value)
    end
    if ATTRIBUTES[key] and value ~= "" then
        add(l, item, key, start, to)
    end
    l.secret = l.secret or key == "key"
end

local function add_attributes(l)
    local to = (l.text:find(" ", 1, true) or #l.text + 1) - 1
    l.at = to + 2
    if to < 2 then
        remark(l.item, "malformed", "No attribute behind the @")
        return
    end
    local item = add_string(l.item, "attributes", range(l, 2, to),
        l.text:sub(2, to))
    if to - 1 > ATTRIBUTES_MAX then
        remark(item, "too_long", "Attributes of over 512 bytes")
    end
    local at = 2
    while at <= to + 1 do
        local stop = (l.text:find(";", at, true) or to + 1) - 1
        stop = math.min(stop, to)
        if stop < at then
            remark(item, "malformed", "An empty attribute")
        else
            add_attribute(l, item, at, stop)
        end
        at = stop + 2
    end
end

-- SCRAM's and PLAIN's messages. A password is not shown.
local function add_auth(c, l, from, to)
    add(l, l.item, "auth.data", from, to)
    local message = base64(l.text:sub(from, to))
    if not message then
        return
    end
    local authzid, name = message:match("^([^\0]*)\0([^\0]+)\0.")
    local item = l.item
    if name then
        item:add(fields["auth.message"], range(l, from, to),
            shown(authzid, 64) .. "\\0" .. shown(name, 64) ..
            "\\0(password)"):set_generated()
        if not c.tls and c.to_server then
            remark(item, "plain_password",
                "AUTH PLAIN sends the password, and there is no TLS")
        end
    elseif message:find("^[nyp][,=]") or message:find("^[crve]=") then
        item:add(fields["auth.message"], range(l, from, to),
            shown(message, 1024)):set_generated()
        name = c.to_server and message:match("^[^,]*,[^,]*,n=([^,]*)")
        name = name and name:gsub("=2C", ","):gsub("=3D", "=")
    end
    if name then
        item:add(fields["auth.name"], range(l, from, to), shown(name, 64))
            :set_generated()
    end
end

local function add_features(l, from, to)
    local item = add(l, l.item, "features", from, to)
    for at, feature in l.text:sub(from, to):gmatch("()([^,]+)") do
        local first = from + at - 1
        add_string(item, "feature", range(l, first, first + #feature - 1),
            feature)
    end
end

local function is_mechanism(word)
    return MECHANISMS[word:upper()] or
        word ~= "*" and not word:find("^[%w+/=]+$")
end

local function add_word(c, l, term, from, to)
    local word, key = l.text:sub(from, to), term.key
    if key == "auth.mechanism" and not is_mechanism(word) then
        key = "auth.data"
    end
    if key == "auth.data" then
        add_auth(c, l, from, to)
    elseif key == "features" then
        add_features(l, from, to)
    else
        add(l, l.item, key, from, to)
    end
    l.secret = l.secret or SECRET[key] or l.verb == "ACCOUNT" and key == "value"
    if not QUIET[key] and not (key == "value" and l.secret) then
        l.summary[#l.summary + 1] = shown(word, 64)
    end
end

local function add_text(c, l, term)
    if l.at > #l.text or
        term.must and c.to_server and not l.text:find("[^ ]", l.at) then
        if term.must then
            remark(l.item, "malformed", term.key .. " is missing")
        end
        l.at = #l.text + 1
        return
    end
    local item = add(l, l.item, term.key, l.at, #l.text)
    if #l.text - l.at + 1 > TEXT_MAX then
        remark(item, "too_long", "A text of over 3072 bytes")
    end
    if l.text:find("^ +$", l.at) then
        item:append_text(" (erased)")
        l.summary[#l.summary + 1] = "(erased)"
    else
        l.summary[#l.summary + 1] = shown(l.text:sub(l.at), 60)
    end
    l.at = #l.text + 1
end

-- What is missing is told; what is too much is left to who called.
local function add_terms(c, l, terms)
    for _, term in ipairs(terms) do
        if term.text then
            add_text(c, l, term)
            return
        end
        local from, to = next_word(l)
        if not from then
            if term.must then
                remark(l.item, "malformed", term.key .. " is missing")
            end
            return
        end
        add_word(c, l, term, from, to)
        while term.many and from do
            from, to = next_word(l)
            if from then
                add_word(c, l, term, from, to)
            end
        end
    end
end

local function add_words(c, l)
    local terms = (c.to_server and REQUESTS or ANSWERS)[l.verb]
    if not terms then
        remark(l.verb_item, "unknown_verb",
            "Unknown verb " .. shown(l.verb, 20))
    else
        add_terms(c, l, terms)
    end
    if l.verb == "OK" and not c.to_server then
        add_terms(c, l, DONE[l.values.answered] or {})
    end
    local from, to = next_word(l)
    if from and terms then
        remark(l.item, c.to_server and "malformed" or "more_words",
            "More words than are known")
    end
    while from do
        add(l, l.item, "word", from, to)
        from, to = next_word(l)
    end
end

local function add_remarks(c, l)
    local v, item = l.values, l.item
    if not is_utf8(l.text) then
        remark(item, "bad_utf8", "The line is not UTF-8")
    end
    if l.text:find("[\0-\8\10-\31\127]") or l.text:find("\194[\128-\159]") then
        remark(item, "control", "The line has a control character")
    end
    if c.to_server then
        return
    elseif l.verb == "ERR" and v.code then
        remark(item, SEVERITY[v.code] or "error_refused",
            "ERR " .. shown(v.code, 40))
    elseif l.verb == "GAP" and v.to then
        remark(item, "gap", ("%s: from %s to %s is not given"):format(
            shown(v.room, 64), v.from, v.to))
    elseif l.verb == "RESET" and v.room then
        remark(item, "reset")
    elseif l.verb == "BYE" then
        remark(item, "bye", "BYE " .. shown(v.code or "", 40))
    end
end

local function add_secrets(c, l)
    local v = l.values
    if c.tls then
        return
    elseif v.session_key then
        remark(l.item, "plain_key", "The key of a session in plain text")
    elseif v.key then
        remark(l.item, "plain_key", "The key of a name in plain text")
    elseif v.verifier or l.verb == "ACCOUNT" and v.value and
        v.value:find("$", 1, true) then
        remark(l.item, "plain_password", "A verifier in plain text")
    end
end

local function add_frame(item, key, frame)
    item:add(fields[key], frame):set_generated()
end

-- What the first pass noted about this line.
local function add_notes(c, l)
    local v, item = l.values, l.item
    local request = v.id and
        note_of(c.frame, c.to_server and "asked" or "answered", v.id)
    if request and c.to_server then
        local first = note_of(c.frame, "resent", v.id)
        if first and first ~= c.frame then
            add_frame(item, "first_in", first)
            remark(item, "resent")
        end
        if request.answer then
            add_frame(item, "response_in", request.answer)
        end
    elseif request then
        add_frame(item, "response_to", request.frame)
        local time = math.max(c.time - request.time, 0)
        item:add(fields.response_time, NSTime.new(floor(time),
            floor(time % 1 * 1000000000 + 0.5))):set_generated()
    end
    local hole = v.room and not c.to_server and
        note_of(c.frame, "hole", which_number(v))
    if hole then
        remark(item, hole[1], hole[2])
    end
end

-- A line without its LF, at the offset `base` of the tvb.
local function dissect_line(c, tvb, base, text, length)
    local l = { tvb = tvb, base = base, at = 1, values = {}, summary = {},
        text = text:byte(-1) == 13 and text:sub(1, -2) or text }
    c.lines = c.lines + 1
    l.item = add_string(c.tree, "line", tvb(base, #text), text)
    l.item:set_len(length)
    if length > LINE_MAX then
        remark(l.item, "too_long", "A line of over 4096 bytes")
    end
    if l.text:byte() == 64 then
        add_attributes(l)
    end
    local from, to = next_word(l)
    if from then
        local verb = l.text:sub(from, to)
        l.verb = c.to_server and verb:upper() or verb
        l.summary[1] = shown(l.verb, 20)
        l.verb_item = l.item:add(fields.verb, range(l, from, to),
            shown(l.verb, 64))
        add_words(c, l)
    else
        l.verb = ""
        remark(l.item, "malformed", "A line has a verb")
    end
    add_remarks(c, l)
    add_secrets(c, l)
    if c.follows then
        follow_line(c, l)
    end
    add_notes(c, l)
    local summary = table.concat(l.summary, " ")
    if l.secret then
        l.item:set_text("Line: " .. summary .. " (...)")
    end
    c.summaries[#c.summaries + 1] = summary
end

-- All that end; the place (from 1) of what does not.
local function dissect_lines(c, tvb, data, at)
    while true do
        local lf = data:find("\n", at, true)
        if not lf then
            return at
        end
        if lf > at and data:sub(at, lf) ~= "\r\n" then
            dissect_line(c, tvb, at - 1, data:sub(at, lf - 1), lf - at + 1)
            at = lf + 1
        else
            local _, last = data:find("^[\r\n]+", at)
            while data:byte(last) ~= 10 do
                last = last - 1
            end
            c.tree:add(fields.padding, tvb(at - 1, last - at + 1))
                :set_text(("Empty lines: %d bytes"):format(last - at + 1))
            at = last + 1
        end
    end
end

local INFO_LINES = 4

-- Further lines of the same packet (another record of TLS) are added behind.
local function show_info(c, pinfo)
    local n, info = #c.summaries, pinfo.cols.info
    pinfo.cols.protocol = c.session and "VCRP-UDP" or
        c.tls and "VCRP/TLS" or "VCRP"
    if n == 0 then
        return
    end
    local text = table.concat(c.summaries, " | ", 1, math.min(n, INFO_LINES))
    if n > INFO_LINES then
        text = ("%s | (%d more)"):format(text, n - INFO_LINES)
    end
    info:set(text .. " ")
    info:fence()
end

local function add_direction(tree, to_server)
    tree:add(fields.direction, to_server and 0 or 1):set_generated()
    tree:append_text(to_server and ", to the server" or ", to the client")
end

-- Streams -------------------------------------------------------------------

local PROXY2 = "\r\n\r\n\0\r\nQUIT\n"

-- How long the header of the PROXY protocol is with which this begins; 0: there
-- is none, nil: its end is yet to come.
local function proxy_length(data)
    if data:sub(1, 6) == "PROXY " then
        return data:find("\n", 1, true)
    elseif data:sub(1, 5) ~= PROXY2:sub(1, 5) then
        return 0
    end
    local a, b = data:byte(15, 16)
    local length = b and 16 + a * 256 + b
    return length and #data >= length and length or nil
end

local function begins_tls(data, at)
    local a, b = data:byte(at, at + 1)
    return a and a >= 0x14 and a <= 0x17 and (not b or b == 3)
end

local function to_tls(tvb, pinfo, tree, offset)
    -- Each dissector has one less than who called it; TLS is to have what
    -- was given here.
    if pinfo.can_desegment > 0 then
        pinfo.can_desegment = pinfo.can_desegment + 1
    end
    -- Malformed records raise an error, after that dissector has shown it.
    local tls = Dissector.get("tls")
    pcall(tls.call, tls, offset > 0 and tvb(offset):tvb() or tvb, pinfo, tree)
    if pinfo.desegment_len ~= 0 then
        pinfo.desegment_offset = pinfo.desegment_offset + offset
    end
end

-- What has no end waits for more, unless it is too long for a line, or the
-- capture has not got it.
local function wait_for_more(tvb, pinfo, data, at)
    if #data - at + 1 >= LINE_MAX or pinfo.can_desegment == 0 or
        tvb:len() < tvb:reported_len() then
        return false
    end
    pinfo.desegment_offset = at - 1
    pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
    return true
end

local function dissect_rest(c, tvb, data, at)
    local rest = #data - at + 1
    local item = c.tree:add_packet_field(fields.line, tvb(at - 1, rest),
        ENC_UTF_8)
    c.summaries[#c.summaries + 1] = "(part of a line)"
    if rest < LINE_MAX then
        remark(item, "incomplete")
        return
    end
    remark(item, "too_long", "A line of over 4096 bytes")
    if c.follows then
        c.owner.middle[c.to_server], c.owner.long = true, true
    end
end

-- Whether a line that was too long goes on here. Noted by the frame and the
-- first bytes, as one frame can have several parts.
local function is_middle(c, data, at)
    if not c.owner.long then
        return false
    end
    local key = data:sub(at, at + 63)
    if c.follows and c.owner.middle[c.to_server] then
        note(c.frame, "middle", key, true)
        c.owner.middle[c.to_server] = not data:find("\n", at, true)
    end
    return note_of(c.frame, "middle", key)
end

local function dissect_middle(c, tvb, data, at)
    local lf = data:find("\n", at, true) or #data
    remark(c.tree:add_packet_field(fields.line, tvb(at - 1, lf - at + 1),
        ENC_UTF_8), "too_long", "More of a line of over 4096 bytes")
    c.summaries[#c.summaries + 1] = "(part of a line)"
    return lf + 1
end

-- Once TLS, always TLS: records that come in the middle of one another look
-- like nothing. But the same two ports may be used again.
local function is_tls(c, data, at)
    local stream = c.owner
    if c.follows and begins_tls(data, at) then
        stream.tls, stream.was_tls = true, true
    elseif not stream.was_tls then
        return false
    elseif c.follows and data:find("^%u+ [^\0-\31\127]+\r?\n", at) then
        stream.tls = false
    end
    if c.follows and stream.tls then
        note(c.frame, "tls", "", true)
    end
    return note_of(c.frame, "tls", "")
end

local function dissect_stream(tvb, pinfo, tree, tls)
    local data, stream = tvb:raw(), stream_of(pinfo)
    local c = { owner = stream, port = stream.port, tls = tls,
        to_server = pinfo.dst_port == stream.port, frame = pinfo.number,
        time = pinfo.rel_ts, follows = not pinfo.visited, lines = 0,
        summaries = {} }
    local proxy = (tls or not c.to_server) and 0 or proxy_length(data)
    if not proxy and wait_for_more(tvb, pinfo, data, 1) then
        return
    end
    proxy = proxy or 0
    local at = proxy + 1
    if not tls and is_tls(c, data, at) then
        to_tls(tvb, pinfo, tree, proxy)
        return
    end
    local middle = is_middle(c, data, at)
    if not middle and not data:find("\n", at, true) and
        wait_for_more(tvb, pinfo, data, 1) then
        return
    end
    c.tree = tree:add(vcrp, tvb())
    add_direction(c.tree, c.to_server)
    if proxy > 0 then
        c.tree:add_packet_field(fields.proxy, tvb(0, proxy), ENC_ASCII)
    end
    if middle then
        at = dissect_middle(c, tvb, data, at)
    end
    at = dissect_lines(c, tvb, data, at)
    if at <= #data and wait_for_more(tvb, pinfo, data, at) then
        c.tree:set_len(at - 1)
    elseif at <= #data then
        dissect_rest(c, tvb, data, at)
    end
    c.tree:append_text(c.lines == 1 and ", 1 line" or
        (", %d lines"):format(c.lines))
    show_info(c, pinfo)
end

-- Datagrams -----------------------------------------------------------------

local function dissect_discovery(tvb, pinfo, tree, data)
    local asks = data:sub(5, 5) == "?"
    local item = tree:add(vcrp, tvb())
    local length = (data:find("[\r\n]") or #data + 1) - 1
    local l = { tvb = tvb, base = 0, at = 1, values = {}, summary = {},
        text = data:sub(1, length), item = item }
    local c = { to_server = asks }
    item:append_text(asks and ", question" or ", answer")
    next_word(l)
    l.verb = data:sub(1, 5)
    l.summary[1] = asks and "Is there a server?" or "There is a server:"
    item:add(fields.verb, tvb(0, 5), l.verb)
    add_terms(c, l, asks and { DISCOVERY[1], DISCOVERY[2] } or DISCOVERY)
    local nonce = l.values.nonce
    if not nonce or #nonce < 8 or #nonce > 32 or nonce:find("[^%da-f]") then
        remark(item, "malformed", "The nonce is 8 to 32 hexadecimal digits")
    elseif not pinfo.visited then
        local question = questions[nonce]
        if asks then
            question = { frame = pinfo.number, time = pinfo.rel_ts,
                size = #data }
            questions[nonce] = question
            note(pinfo.number, "asked", nonce, question)
        elseif question then
            note(pinfo.number, "answered", nonce, question)
            question.answer = question.answer or pinfo.number
        end
    end
    l.values.id = nonce
    c.frame, c.time = pinfo.number, pinfo.rel_ts
    add_notes(c, l)
    local question = nonce and note_of(c.frame, "answered", nonce)
    if asks and #data < QUESTION_MIN then
        remark(item, "size", "A question of less than 256 bytes")
    elseif question and #data > question.size then
        remark(item, "amplifies")
    end
    if asks and length > l.at then
        item:add(fields.padding, tvb(l.at - 1, #data - l.at + 1))
    end
    pinfo.cols.protocol = "VCRP-UDP"
    pinfo.cols.info = table.concat(l.summary, " ")
end

-- In the clear: a client asks before it believes it.
local function dissect_gone(tvb, pinfo, tree, id)
    local item = tree:add(vcrp, tvb())
    item:append_text(", hint")
    add_direction(item, false)
    item:add(fields.verb, tvb(0, 5), "VCRP!")
    item:add(fields.version, tvb(6, 1), UInt64(1))
    item:add_packet_field(fields.session, tvb(13, 32),
        ENC_UTF_8 + ENC_STR_HEX + ENC_SEP_NONE)
    remark(item, "gone")
    pinfo.cols.protocol = "VCRP-UDP"
    pinfo.cols.info = ("Session %s is not known"):format(id:sub(1, 8))
end

-- Replays are told by the counter; what comes late, or not, too. A datagram
-- that does not open moves nothing.
local function follow_counter(session, to_server, counter, n, frame)
    local side = session.counters[to_server]
    local highest = side.highest
    if side[counter] then
        note(frame, "counter", "", { "replayed",
            ("Counter %.0f was in frame %d")
                :format(n, side[counter]), side[counter] })
        return
    end
    side[counter] = frame
    if highest and n < highest then
        note(frame, "counter", "", { "reordered",
            ("Counter %.0f after %.0f"):format(n, highest) })
    elseif highest and n > highest + 1 then
        note(frame, "counter", "", { "lost", ("No counter from %.0f to %.0f")
                :format(highest + 1, n - 1) })
    end
    side.highest = math.max(n, highest or 0)
end

-- A piece goes to the others of its line; the frame that has the last one of
-- them shows the line.
local function follow_piece(c, session, first, index, total, text)
    local side = session.counters[c.to_server]
    side.pieces = side.pieces or {}
    local line = side.pieces[first]
    if not line then
        line = { total = total, had = 0, texts = {}, frames = {} }
        side.pieces[first] = line
    end
    note(c.frame, "piece", "", line)
    if line.total ~= total then
        return
    end
    line.texts[index], line.frames[index] = text, c.frame
    line.had = line.had + 1
    if line.had == total then
        line.frame = c.frame
        line.text = table.concat(line.texts, "", 0, total - 1)
    end
end

local function dissect_piece(c, session, n, tvb, text)
    local mark = text:byte() - 0x10
    local index, total = floor(mark / 4), mark % 4 + 1
    local item = c.tree:add(fields.piece, tvb())
    item:set_text(("Piece %d of %d of a line"):format(index + 1, total))
    item:add(fields["piece.index"], tvb(0, 1), index)
    item:add(fields["piece.total"], tvb(0, 1), total)
    c.summaries[1] = ("Piece %d of %d"):format(index + 1, total)
    if total < 2 or index >= total or #text < 2 or
        index < total - 1 and #text ~= PIECE + 1 then
        remark(item, "malformed", "A piece that belongs to no line")
        return
    end
    if c.follows then
        follow_piece(c, session, n - index, index, total, text:sub(2))
    end
    local line = note_of(c.frame, "piece", "")
    if not line or not line.frame then
        return
    elseif line.frame ~= c.frame then
        add_frame(item, "reassembled_in", line.frame)
        return
    end
    for i = 0, total - 1 do
        add_frame(item, "piece.frame", line.frames[i])
    end
    local whole = ByteArray.new(line.text, true):tvb("Line of pieces")
    c.summaries[1] = nil
    dissect_lines(c, whole, line.text, 1)
end

local function dissect_plaintext(c, session, n, text)
    local tvb = ByteArray.new(text, true):tvb("Opened datagram")
    local first = text:byte()
    if first >= 0x10 and first <= 0x1f then
        dissect_piece(c, session, n, tvb, text)
        return
    end
    local at = dissect_lines(c, tvb, text, 1)
    if at <= #text then
        remark(c.tree:add_packet_field(fields.line, tvb(at - 1), ENC_UTF_8),
            "malformed", "No LF ends the last line")
    end
end

-- The plaintext; false if it does not open, nil if there is no key.
local function open_datagram(session, to_server, data, visited)
    if not keys[session.id] and not visited then
        read_keylog()
    end
    local key = keys[session.id]
    if not key then
        return nil
    end
    local subkey = session.subkeys[to_server]
    if not subkey then
        subkey = hchacha(key, char(to_server and 0 or 1) .. ("\0"):rep(15))
        session.subkeys[to_server] = subkey
    end
    return unseal(subkey, data:sub(17, 24), data:sub(1, HEADER),
        data:sub(HEADER + 1, -TAG - 1), data:sub(-TAG)) or false
end

local function dissect_sealed(tvb, pinfo, tree, data)
    local session = session_of(data:sub(1, 16))
    session.port = session.port or server_port(pinfo)
    local to_server = pinfo.dst_port == session.port
    local item = tree:add(vcrp, tvb())
    local c = { owner = session, session = session, to_server = to_server,
        tls = true, frame = pinfo.number, time = pinfo.rel_ts, lines = 0,
        summaries = {}, tree = item }
    item:append_text(", datagram")
    add_direction(item, to_server)
    item:add(fields.session, tvb(0, 16))
    if #data <= HEADER + TAG then
        remark(item, "malformed", "A datagram has more than 40 bytes")
        pinfo.cols.protocol = "VCRP-UDP"
        return
    end
    local counter, n = item:add(fields.counter, tvb(16, 8)), 0
    for i = 17, 24 do
        n = n * 256 + data:byte(i)
    end
    local sealed = item:add(fields.sealed, tvb(HEADER, #data - HEADER - TAG))
    item:add(fields.tag, tvb(#data - TAG))
    if #data > DATAGRAM_MAX then
        remark(item, "size", "Over 1200 bytes")
    elseif to_server and #data < DATAGRAM_MIN then
        remark(item, "size", "Under 64 bytes: a server drops it")
    end
    if n == 0 then
        remark(counter, "malformed", "A counter is never 0")
    end
    -- Opened once: that is what takes the time.
    if not pinfo.visited then
        local opened = open_datagram(session, to_server, data)
        note(c.frame, "opened", "", opened)
        if opened ~= false then
            follow_counter(session, to_server, data:sub(17, 24), n, c.frame)
        end
    end
    local opened = note_of(c.frame, "opened", "")
    local strange = note_of(c.frame, "counter", "")
    if strange then
        remark(counter, strange[1], strange[2])
    end
    if strange and strange[3] then
        add_frame(item, "first_in", strange[3])
    end
    c.follows = not pinfo.visited and not (strange and strange[1] == "replayed")
    if opened then
        dissect_plaintext(c, session, n, opened)
    elseif opened == false then
        remark(sealed, "bad_seal")
        c.summaries[1] = "Sealed: does not open"
    else
        remark(sealed, "sealed")
        c.summaries[1] = ("Sealed, session %s, counter %.0f")
            :format(to_hex(session.id:sub(1, 4)), n)
    end
    if #c.summaries == 0 then
        c.summaries[1] = "Padding"
    end
    show_info(c, pinfo)
end

-- Entries -------------------------------------------------------------------

local UDP = 3  -- port_type as Wireshark numbers it

function vcrp.dissector(tvb, pinfo, tree)
    if pinfo.port_type ~= UDP then
        return dissect_stream(tvb, pinfo, tree, false)
    end
    local data = tvb:raw()
    local gone = data:match("^VCRP! 1 gone ([%da-f]+)\n$")
    if gone and #gone == 32 then
        return dissect_gone(tvb, pinfo, tree, gone)
    elseif data:find("^VCRP[?!] ") then
        return dissect_discovery(tvb, pinfo, tree, data)
    elseif #data >= 16 and data:byte() >= 0x80 then
        return dissect_sealed(tvb, pinfo, tree, data)
    end
    return 0
end

function vcrps.dissector(tvb, pinfo, tree)
    return dissect_stream(tvb, pinfo, tree, true)
end

-- On any other port: the server's greeting begins as nothing else does.
vcrp:register_heuristic("tcp", function(tvb, pinfo, tree)
    if tvb:len() < 12 or tvb:raw(0, 7) ~= "VCRP 1 " or
        not tvb:raw(0):find("^VCRP 1 [^ %c]+ [^ %c]+[ \r\n]") then
        return false
    end
    stream_of(pinfo).port = pinfo.src_port
    pinfo.conversation = vcrp
    vcrp.dissector(tvb, pinfo, tree)
    return true
end)

-- Discovery, and the sessions that a stream in the same capture told of.
vcrp:register_heuristic("udp", function(tvb, pinfo, tree)
    local data = tvb:len() >= 16 and tvb:raw() or ""
    if not data:find("^VCRP[?!] 1 [%da-f]+[ \r\n]") and
        not data:find("^VCRP! 1 gone [%da-f]+\n$") and
        not (sessions and sessions[data:sub(1, 16)]) then
        return false
    end
    vcrp.dissector(tvb, pinfo, tree)
    return true
end)

vcrp.prefs.ports = Pref.range("Ports", "3073",
    "TCP and UDP ports of VCRP servers", 65535)
vcrp.prefs.keylog_file = Pref.string("Key log file", "",
    "File with lines VCRP_DATAGRAM <session> <key>; if empty, that of TLS " ..
    "is taken")
vcrp.prefs.keys = Pref.string("Session keys", "",
    "Keys of datagram sessions, as session:key in hexadecimal, with spaces " ..
    "between them")

local registered
local function register()
    if registered == vcrp.prefs.ports then
        return
    end
    for _, of in ipairs({ { "tcp.port", vcrp }, { "udp.port", vcrp },
        { "tls.port", vcrps } }) do
        local dissectors = DissectorTable.get(of[1])
        if registered and registered ~= "" then
            dissectors:remove(registered, of[2])
        end
        if vcrp.prefs.ports ~= "" then
            dissectors:add(vcrp.prefs.ports, of[2])
        end
    end
    registered, ports = vcrp.prefs.ports, {}
    for first, last in registered:gmatch("(%d+)-?(%d*)") do
        ports[#ports + 1] = { tonumber(first), tonumber(last) or
            tonumber(first) }
    end
end
register()
vcrp.prefs_changed = register
DissectorTable.get("tls.alpn"):add("vcrp", vcrps)
