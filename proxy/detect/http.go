package detect

import "rehearse/proxy/wire"

// http recognises a request by its method, if that is one that only HTTP has,
// else by the "HTTP/" behind the target: extension methods, OPTIONS (SIP and
// RTSP have it too), and PRI, the preface of HTTP/2 (RFC 9113 3.4).
func http(prefix []byte) Verdict {
	l, ok := splitRequestLine(prefix)
	switch {
	case l.parts > 0 && isHTTPMethod(l.method):
		return Yes
	case !ok:
		return No
	case l.parts < 2:
		return Maybe
	}
	return wire.HasPrefix(l.version, "HTTP/")
}

// isHTTPMethod knows the methods of RFC 9110, RFC 5789 and WebDAV that no other
// protocol here shares.
func isHTTPMethod(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "TRACE", "PATCH",
		"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH":
		return true
	}
	return false
}
