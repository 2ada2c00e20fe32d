package detect

import (
	"bytes"

	"rehearse/proxy/wire"
)

// sip recognises a SIP request or response (RFC 3261 7), also behind the empty
// lines that clients send to keep a connection open (RFC 5626 4.4.1). A request
// shows by the scheme of its URI, whatever its method; with another scheme or
// none, by a method of SIP and the "SIP/" behind the target.
func sip(prefix []byte) Verdict {
	prefix, more := skipEmptyLines(prefix)
	if more {
		return Maybe
	}
	if v := wire.HasPrefix(prefix, "SIP/2.0 "); v != No {
		return v
	}
	l, ok := splitRequestLine(prefix)
	if l.parts > 0 && isHTTPMethod(l.method) {
		return No
	}
	uri := sipURI(l)
	switch {
	case uri == Yes:
		return Yes
	case !ok:
		return No
	case l.parts == 0 || uri == Maybe:
		return Maybe
	case !isSIPMethod(l.method):
		return No
	case l.parts == 1:
		return Maybe
	}
	return wire.HasPrefix(l.version, "SIP/")
}

// skipEmptyLines drops CRLFs; more means that nothing else has come yet.
func skipEmptyLines(prefix []byte) (rest []byte, more bool) {
	for wire.HasPrefix(prefix, "\r\n") == Yes {
		prefix = prefix[2:]
	}
	return prefix, wire.HasPrefix(prefix, "\r\n") == Maybe
}

// sipURI says whether the target has one of SIP's schemes (RFC 3261 19.1, RFC
// 3966), as far as it has come.
func sipURI(l requestLine) Verdict {
	v := No
	for _, scheme := range [...]string{"sip:", "sips:", "tel:"} {
		n := min(len(l.target), len(scheme))
		switch {
		case !bytes.EqualFold(l.target[:n], []byte(scheme)[:n]):
		case n == len(scheme):
			return Yes
		case l.parts == 1:
			v = Maybe
		}
	}
	return v
}

// isSIPMethod knows the methods of RFC 3261 and its extensions, and Microsoft's
// ([MS-SIP], [MS-SIPREGE], [MS-CONFIM]).
func isSIPMethod(method []byte) bool {
	switch string(method) {
	case "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "SUBSCRIBE", "NOTIFY",
		"PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE", "SERVICE", "BENOTIFY", "NEGOTIATE":
		return true
	}
	return false
}
