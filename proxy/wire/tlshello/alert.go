package tlshello

import (
	"fmt"

	"rehearse/proxy/wire"
)

// Alert is an alert in clear.
type Alert struct {
	Fatal bool
	Code  uint8 // see AlertName
}

// String is "fatal handshake_failure (40)".
func (a Alert) String() string {
	level := "warning"
	if a.Fatal {
		level = "fatal"
	}
	return fmt.Sprintf("%s %s (%d)", level, AlertName(a.Code), a.Code)
}

// ParseAlert reads the alert at the start of a stream.
func ParseAlert(stream []byte) (Alert, error) {
	if len(stream) > 0 && stream[0] != byte(AlertRecord) {
		return Alert{}, &wire.Error{Message: "alert", Field: "record type", Offset: 0, Got: fmt.Sprint(stream[0]), Want: "21"}
	}
	r, _, err := ParseRecord(stream)
	if err != nil {
		return Alert{}, err
	}
	return Message{Content: r.Type, Body: r.Payload}.Alert()
}

// Alert reads a message whose content is AlertRecord. An encrypted one is an
// error: it is longer than two bytes.
func (m Message) Alert() (Alert, error) {
	bad := func(field string, at int, got any, want string) (Alert, error) {
		return Alert{}, &wire.Error{Message: "alert", Field: field, Offset: at, Got: fmt.Sprint(got), Want: want}
	}
	switch {
	case m.Content != AlertRecord:
		return bad("record type", 0, uint8(m.Content), "21")
	case len(m.Body) != 2:
		return bad("length", 3, wire.Bytes(len(m.Body)), "2 bytes, an alert in clear")
	case m.Body[0] != 1 && m.Body[0] != 2:
		return bad("level", recordHeader, m.Body[0], "1 or 2")
	}
	return Alert{Fatal: m.Body[0] == 2, Code: m.Body[1]}, nil
}

// alertNames are the descriptions of RFC 8446 6, of RFC 5246 7.2 and older, and of
// extensions, as those write them.
var alertNames = [...]struct {
	code uint8
	name string
}{
	{0, "close_notify"},
	{10, "unexpected_message"},
	{20, "bad_record_mac"},
	{21, "decryption_failed"},
	{22, "record_overflow"},
	{30, "decompression_failure"},
	{40, "handshake_failure"},
	{41, "no_certificate"},
	{42, "bad_certificate"},
	{43, "unsupported_certificate"},
	{44, "certificate_revoked"},
	{45, "certificate_expired"},
	{46, "certificate_unknown"},
	{47, "illegal_parameter"},
	{48, "unknown_ca"},
	{49, "access_denied"},
	{50, "decode_error"},
	{51, "decrypt_error"},
	{60, "export_restriction"},
	{70, "protocol_version"},
	{71, "insufficient_security"},
	{80, "internal_error"},
	{86, "inappropriate_fallback"},
	{90, "user_canceled"},
	{100, "no_renegotiation"},
	{109, "missing_extension"},
	{110, "unsupported_extension"},
	{111, "certificate_unobtainable"},
	{112, "unrecognized_name"},
	{113, "bad_certificate_status_response"},
	{114, "bad_certificate_hash_value"},
	{115, "unknown_psk_identity"},
	{116, "certificate_required"},
	{120, "no_application_protocol"},
	{121, "ech_required"},
}

// AlertName is the description of an alert: "handshake_failure"; "unknown_99" for a
// code that has none.
func AlertName(code uint8) string {
	for _, a := range alertNames {
		if a.code == code {
			return a.name
		}
	}
	return fmt.Sprintf("unknown_%d", code)
}

// AlertCode is the code of an alert's description.
func AlertCode(name string) (code uint8, ok bool) {
	for _, a := range alertNames {
		if a.name == name {
			return a.code, true
		}
	}
	return 0, false
}
