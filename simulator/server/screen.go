package server

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

// screen is the refusal of a request that cannot be dealt with whatever it asks for
// (RFC 3261 8.2, 16.3); nil lets it pass.
func (s *session) screen(req *sip.Request) *reply {
	if req.CallID() == nil || req.CSeq() == nil || req.From() == nil || req.To() == nil || req.Via() == nil {
		return s.refuse(400, 0, "a header is missing")
	}
	for _, once := range [][]string{{"From", "f"}, {"To", "t"}, {"Call-ID", "i"}, {"CSeq"}, {"Content-Length", "l"}} {
		if n := len(req.GetHeaders(once[0])); n > 1 {
			return s.refuse(400, 0, "more than one "+once[0])
		}
	}
	if !strings.EqualFold(string(req.CSeq().MethodName), string(req.Method)) { // the parser makes one of them capitals
		return s.refuse(400, 0, "CSeq is of another method")
	}
	if req.SipVersion != "SIP/2.0" {
		return s.refuse(505, 0, "version "+req.SipVersion)
	}
	if scheme := req.Recipient.Scheme; scheme != "" && scheme != "sip" && scheme != "sips" {
		return s.refuse(416, 0, "scheme "+scheme)
	}
	if unknown := unsupported(req); len(unknown) > 0 {
		r := s.refuse(420, 0, strings.Join(unknown, ", "))
		r.headers = append(r.headers, sip.NewHeader("Unsupported", strings.Join(unknown, ", ")))
		return r
	}
	return nil
}

// ambiguous says that nobody knows where the message ends: what follows is not read.
func ambiguous(req *sip.Request) bool { return len(req.GetHeaders("Content-Length")) > 1 }

// unsupported are the extensions that a request needs and the front end does not
// have. Microsoft's own it takes for granted.
func unsupported(req *sip.Request) (unknown []string) {
	for _, name := range []string{"Require", "Proxy-Require"} {
		for _, h := range req.GetHeaders(name) {
			for _, option := range strings.Split(h.Value(), ",") {
				if option = strings.TrimSpace(option); !extension(option) {
					unknown = append(unknown, option)
				}
			}
		}
	}
	return unknown
}

func extension(option string) bool {
	option = strings.ToLower(option)
	for _, prefix := range []string{"ms-", "com.microsoft.", "msrtc-"} {
		if strings.HasPrefix(option, prefix) {
			return true
		}
	}
	switch option {
	case "", "timer", "100rel", "replaces", "eventlist", "gruu-10", "adhoclist", "histinfo", "norefersub":
		return true
	}
	return false
}
