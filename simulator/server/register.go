package server

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// register answers a REGISTER whose credentials are right. The headers are those
// by which clients know what kind of server this is: one line for each value of
// Supported, for clients compare whole values.
func (s *session) register(req *sip.Request) *reply {
	from := req.From().Address
	address := strings.ToLower(from.User + "@" + from.Host)
	if r := s.mayRegister(address); r != nil {
		return r
	}
	expires := seconds(req, registration)
	if expires == 0 {
		s.answer(req, &reply{status: 200, note: "registration ended", headers: []sip.Header{
			sip.NewHeader("Expires", "0"), sip.NewHeader("Server", serverVersion)}})
		s.leaveAll()
		s.depart()
		s.user = ""
		return nil
	}
	action := "added"
	if s.user != "" {
		action = "refreshed"
	}
	s.user, s.epid = address, endpointID(headerValue(req, "Contact", "m"))
	s.directory.enter(address, s)
	r := &reply{status: 200, note: "registered"}
	add := func(name, value string) { r.headers = append(r.headers, sip.NewHeader(name, value)) }
	add("Contact", registered(headerValue(req, "Contact", "m"), address, expires))
	add("Expires", strconv.Itoa(expires))
	add("presence-state", `register-action="`+action+`"`)
	add("ms-keep-alive", "UAS; tcp=no; hop-hop=yes; end-end=no; timeout="+strconv.Itoa(keepAlive))
	add("ms-user-logon-data", "RemoteUser")
	add("Allow-Events", strings.Join(eventNames(), ","))
	for _, option := range []string{"adhoclist", "msrtc-event-categories", "ms-userservices-state-notification", "gruu-10"} {
		add("Supported", option)
	}
	add("Server", serverVersion)
	return r
}

// mayRegister is the refusal of an address that is not the client's own; nil lets it
// pass.
func (s *session) mayRegister(address string) *reply {
	if s.Open {
		if _, known := s.Users[address]; !known {
			return s.refuse(404, 0, "no user "+address)
		}
		return nil
	}
	if account := s.account(s.auth.Account()); account != address {
		return s.refuse(403, 0, account+" may not register "+address)
	}
	return nil
}

// serverVersion names a Skype for Business Server 2015: clients look at the number
// behind RTC.
const serverVersion = "RTC/6.0"

// seconds is how long a request wants to last, at most limit.
func seconds(req *sip.Request, limit int) int {
	n, err := strconv.Atoi(headerValue(req, "Expires"))
	if err != nil || n > limit || n < 0 {
		return limit
	}
	return n
}

// registered is the client's Contact as the server gives it back, with the
// endpoint's globally routable URI, [MS-SIPRE] 3.3.
func registered(contact, address string, expires int) string {
	uri := contact
	if i, j := strings.IndexByte(contact, '<'), strings.IndexByte(contact, '>'); i >= 0 && j > i {
		uri = contact[i+1 : j]
	}
	out := "<" + uri + ">;expires=" + strconv.Itoa(expires)
	uuid := instance(contact)
	if uuid == "" {
		return out
	}
	return out + `;+sip.instance="<urn:uuid:` + uuid + `>";gruu="sip:` + address + ";opaque=user:epid:" + epid(uuid) + `;gruu"`
}

// instance is the UUID of a Contact's endpoint, "" where it has none.
func instance(contact string) string {
	_, rest, _ := strings.Cut(contact, `+sip.instance="<urn:uuid:`)
	uuid, _, _ := strings.Cut(rest, ">")
	return uuid
}

// endpointID names a Contact's endpoint in addresses.
func endpointID(contact string) string {
	if uuid := instance(contact); uuid != "" {
		return epid(uuid)
	}
	return ""
}

// epid is an endpoint's UUID as a gruu has it: its bytes in the order of Windows,
// two zeros, in base64 that is fit for URIs.
func epid(uuid string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(uuid, "-", ""))
	if err != nil || len(b) != 16 {
		return uuid
	}
	b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
	b[4], b[5], b[6], b[7] = b[5], b[4], b[7], b[6]
	return base64.URLEncoding.EncodeToString(append(b, 0, 0))
}
