package accesslog

import (
	"fmt"
	"slices"
	"strings"
)

// Format is the columns of a log and how they are written.
type Format struct {
	Name   string
	Doc    string
	fields []field
}

// The formats before SGOS 7 (KB 168187; ssl from a dump of SGOS 5.3), and what
// SGOS 7 adds to them. Rows of 6.x have scheme and country bare, rows of 7.x quoted.
const (
	mainFields = `date time time-taken c-ip cs-username cs-auth-group s-supplier-name s-supplier-ip s-supplier-country s-supplier-failures
x-exception-id sc-filter-result cs-categories cs(Referer) sc-status s-action cs-method rs(Content-Type) cs-uri-scheme cs-host
cs-uri-port cs-uri-path cs-uri-query cs-uri-extension cs(User-Agent) s-ip sc-bytes cs-bytes x-virus-id
x-bluecoat-application-name x-bluecoat-application-operation x-bluecoat-application-groups cs-threat-risk
x-bluecoat-transaction-uuid x-icap-reqmod-header(X-ICAP-Metadata) x-icap-respmod-header(X-ICAP-Metadata)`
	reporterSSLFields = `date time time-taken c-ip cs-username cs-auth-group s-supplier-name s-supplier-ip s-supplier-country s-supplier-failures
x-exception-id sc-filter-result cs-categories sc-status s-action cs-method rs(Content-Type) cs-uri-scheme cs-host cs-uri-port
cs-uri-extension cs(User-Agent) s-ip sc-bytes cs-bytes x-virus-id x-rs-certificate-observed-errors x-cs-ocsp-error
x-rs-ocsp-error x-rs-connection-negotiated-cipher-strength x-rs-certificate-hostname x-rs-certificate-hostname-category
cs-threat-risk x-rs-certificate-hostname-threat-risk`
	sslFields = `date time time-taken c-ip s-action x-rs-certificate-validate-status x-rs-certificate-observed-errors cs-host s-hierarchy
s-supplier-name x-rs-connection-negotiated-ssl-version x-rs-connection-negotiated-cipher
x-rs-connection-negotiated-cipher-size x-rs-certificate-hostname x-rs-certificate-hostname-category
x-cs-connection-negotiated-ssl-version x-cs-connection-negotiated-cipher x-cs-connection-negotiated-cipher-size
x-cs-certificate-subject s-ip s-sitename`

	threatFields = " cs-threat-source cs-threat-id rs-threat-source rs-threat-id"
	accessFields = " x-bluecoat-access-security-policy-action x-bluecoat-access-security-policy-reason"
)

// Formats lists the formats as a release of that major number (5, 6, 7) has them.
func Formats(major int) []Format {
	main, ssl := mainFields, reporterSSLFields
	var quoted []string
	if major >= 7 {
		main = strings.Replace(main, "x-virus-id", "x-virus-id"+threatFields, 1)
		main = strings.Replace(main, "cs-threat-risk", "cs-threat-risk"+accessFields, 1)
		ssl = strings.Replace(ssl, "x-virus-id", "x-virus-id"+threatFields, 1) + accessFields
		quoted = []string{"s-supplier-country", "cs-uri-scheme"}
	}
	return []Format{
		{"bcreportermain_v1", "every transaction, for Reporter", pick(main, quoted)},
		{"bcreporterssl_v1", "TLS flows, for Reporter", pick(ssl, quoted)},
		{"ssl", "TLS flows, versions and ciphers of both sides", pick(sslFields, quoted)},
	}
}

// FormatNamed is the row of Formats with that name.
func FormatNamed(name string, major int) (Format, error) {
	var names []string
	for _, f := range Formats(major) {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return Format{}, fmt.Errorf("no access log format %q; there are %s", name, strings.Join(names, ", "))
}

// pick finds the fields of a format. In bcreportermain_v1 the referrer is followed by
// two spaces, in every public sample.
func pick(names string, quoted []string) []field {
	all := fields()
	var out []field
	for _, name := range strings.Fields(names) {
		i := slices.IndexFunc(all, func(f field) bool { return f.name == name })
		f := all[i]
		f.quoted = f.quoted || slices.Contains(quoted, name)
		f.gap = name == "cs(Referer)"
		out = append(out, f)
	}
	return out
}

// Fields are the names of the columns.
func (f Format) Fields() []string {
	var names []string
	for _, c := range f.fields {
		names = append(names, c.name)
	}
	return names
}

// appendLine writes a record as a line.
func (f Format) appendLine(b []byte, r *Record, l *Log) []byte {
	for i, c := range f.fields {
		if i > 0 {
			b = append(b, ' ')
		}
		b = appendValue(b, c.value(r, l), c.quoted)
		if c.gap {
			b = append(b, ' ')
		}
	}
	return append(b, '\n')
}

// appendValue writes a value so that it stays one field: in quotes where the field
// has them, else with blanks escaped as in a URL. Neither can be left by anything
// that a client sends.
func appendValue(b []byte, v string, quoted bool) []byte {
	if v == "" {
		return append(b, '-')
	}
	if quoted {
		b = append(b, '"')
	}
	for i := range len(v) {
		switch c := v[i]; {
		case c < ' ', c == 0x7f, c == '"', c == ' ' && !quoted:
			b = fmt.Appendf(b, "%%%02X", c)
		default:
			b = append(b, c)
		}
	}
	if quoted {
		b = append(b, '"')
	}
	return b
}
