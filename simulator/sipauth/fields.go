package sipauth

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Fields are the parts of a SIP message that its signature covers, [MS-SIPAE]
// 3.1.4.1 "Signature Input". Absent parts are empty.
type Fields struct {
	Scheme  string // "NTLM"
	Rand    string // crand of a request, srand of a response: 8 hex digits
	Num     string // cnum or snum: decimal
	Realm   string
	Target  string // targetname
	CallID  string
	CSeq    uint32
	Method  string // of the CSeq header
	FromURI string // "sip:alice@contoso.test": no angle brackets, no header parameters
	FromTag string
	ToURI   string
	ToTag   string
	// AssertedSIP and AssertedTel are the URIs of P-Asserted-Identity (or, in a
	// request without one, P-Preferred-Identity).
	AssertedSIP string
	AssertedTel string
	Expires     string // the Expires header as written
	Status      int    // of a response, 0 for a request
}

// Text is the string that is signed, in the given protocol version: versions
// before 3 leave out the To URI and both asserted identities.
func (f Fields) Text(version int) string {
	items := []string{f.Scheme, f.Rand, f.Num, f.Realm, f.Target, f.CallID,
		strconv.FormatUint(uint64(f.CSeq), 10), f.Method, f.FromURI, f.FromTag}
	if version >= 3 {
		items = append(items, f.ToURI, f.ToTag, f.AssertedSIP, f.AssertedTel, f.Expires)
	} else {
		items = append(items, f.ToTag, f.Expires)
	}
	if f.Status != 0 {
		items = append(items, strconv.Itoa(f.Status))
	}
	return "<" + strings.Join(items, "><") + ">"
}

// FieldsOf reads the signed parts of a message. Scheme, Rand, Num, Realm and
// Target are left empty: Server and Client fill them from their context.
func FieldsOf(msg sip.Message) Fields {
	f := Fields{Expires: value(msg, "expires")}
	if h := msg.CallID(); h != nil {
		f.CallID = h.Value()
	}
	if h := msg.CSeq(); h != nil {
		f.CSeq, f.Method = h.SeqNo, string(h.MethodName)
	}
	f.FromURI, f.FromTag = address(value(msg, "from", "f"))
	f.ToURI, f.ToTag = address(value(msg, "to", "t"))
	f.AssertedSIP, f.AssertedTel = identities(msg, "p-asserted-identity")
	if f.AssertedSIP == "" && f.AssertedTel == "" {
		f.AssertedSIP, f.AssertedTel = identities(msg, "p-preferred-identity")
	}
	if res, ok := msg.(*sip.Response); ok {
		f.Status = res.StatusCode
	}
	return f
}

// value is the first header of these names, as written.
func value(msg sip.Message, names ...string) string {
	for _, name := range names {
		if h := msg.GetHeaders(name); len(h) > 0 {
			return h[0].Value()
		}
	}
	return ""
}

// address splits a From or To header into its URI and tag.
func address(header string) (uri, tag string) {
	params := ""
	if open := strings.IndexByte(header, '<'); open >= 0 {
		rest := header[open+1:]
		uri, params, _ = strings.Cut(rest, ">")
	} else {
		uri, params, _ = strings.Cut(header, ";")
		uri, params = strings.TrimSpace(uri), ";"+params
	}
	for _, p := range strings.Split(params, ";") {
		if name, v, ok := strings.Cut(strings.TrimSpace(p), "="); ok && strings.EqualFold(name, "tag") {
			tag = v
		}
	}
	return uri, tag
}

// identities are the SIP and the telephone URI among the headers of one name.
func identities(msg sip.Message, name string) (sipURI, telURI string) {
	for _, h := range msg.GetHeaders(name) {
		for _, part := range strings.Split(h.Value(), ",") {
			uri, _ := address(part)
			switch lower := strings.ToLower(uri); {
			case sipURI == "" && (strings.HasPrefix(lower, "sip:") || strings.HasPrefix(lower, "sips:")):
				sipURI = uri
			case telURI == "" && strings.HasPrefix(lower, "tel:"):
				telURI = uri
			}
		}
	}
	return sipURI, telURI
}
