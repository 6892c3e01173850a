// What Stripe's answers look like, read from the type declarations in the official npm package `stripe`: no list of fields is
// kept here. A value is compared with the type itself; a word that the declarations do not list is a fault, and so is a field.
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

const ESM = join(dirname(import.meta.dirname), 'node_modules/stripe/esm')
const RESOURCES = join(ESM, 'resources')

const files = readdirSync(RESOURCES, { recursive: true }).filter(file => file.endsWith('.d.ts') && !file.startsWith('V2')).map(file => join(RESOURCES, file))
const program = ts.createProgram(files, {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  strict: true,
  noLib: false,
  skipLibCheck: true,
  types: [],
})
const checker = program.getTypeChecker()

/** The API version the declarations are of. */
export const VERSION = (await import(join(ESM, 'apiVersion.js'))).ApiVersion

/** The types that say by a literal `object` what they are, such as `customer`; those of deleted ones as `deleted customer`. */
const objects = new Map(files.flatMap(exported).flatMap(symbol => {
  const type = checker.getDeclaredTypeOfSymbol(symbol)
  const kind = literal(type, 'object')
  if (!kind || kind === 'event' || !type.getProperty('id')) return []
  return [[type.getProperty('deleted') && literal(type, 'deleted') ? `deleted ${kind}` : kind, type]]
}))

const named = (file, name) => checker.getDeclaredTypeOfSymbol(exported(join(RESOURCES, file)).find(symbol => symbol.name === name))
const events = new Map(named('Events.d.ts', 'Event').types.map(type => [literal(type, 'type'), type]))
const error = checker.getNonNullableType(propertyType(named('PaymentIntents.d.ts', 'PaymentIntent'), 'last_payment_error'))

/** What is wrong with an answer's body; nothing when it fits. `kind` is what the endpoint answers, or `list of` that. */
export function faultsOf(body, kind) {
  if (kind.startsWith('list of ')) return listFaults(body, kind.slice('list of '.length))
  if (kind === 'error') return errorFaults(body)
  if (body?.object !== kind) return [`is ${body?.object} instead of ${kind}`]
  if (kind === 'event') return eventFaults(body)
  const type = objects.get(body.deleted ? `deleted ${kind}` : kind)
  return type ? compare(body, type, kind) : [`no declaration of ${kind}`]
}

function listFaults(list, kind) {
  const { object, data, has_more, url, ...rest } = list ?? {}
  const faults = Object.keys(rest).map(key => `list.${key} is unknown`)
  if (object !== 'list' || typeof has_more !== 'boolean' || typeof url !== 'string' || !Array.isArray(data)) return [...faults, 'is no list']
  return [...faults, ...data.flatMap((entry, place) => faultsOf(entry, kind).map(fault => `${place}: ${fault}`))]
}

function errorFaults(body) {
  const { error: found, ...rest } = body ?? {}
  const faults = Object.keys(rest).map(key => `${key} beside error is unknown`)
  if (typeof found?.message !== 'string') faults.push('error.message is missing')
  return [...faults, ...compare(found, error, 'error')]
}

function eventFaults(event) {
  const type = events.get(event.type)
  if (!type) return [`there is no event ${event.type}`]
  const { previous_attributes: previous, ...data } = event.data ?? {}
  const faults = compare({ ...event, data }, type, event.type)
  if (event.api_version !== VERSION) faults.push(`api_version is ${event.api_version}`)
  if (previous === undefined) return faults
  // The declarations say Partial; in truth what is inside is partial as well, and a key that was not there is null.
  return [...faults, ...compare(previous, propertyType(propertyType(type, 'data'), 'object'), `${event.type} previous`, true)]
}

/** The faults of a value against a type. With `partial`, fields may be missing or null at every depth. */
function compare(value, type, path, partial = false) {
  const choices = (type.isUnion() ? type.types : [type]).filter(choice => !(choice.flags & ts.TypeFlags.Undefined))
  if (value === null) return partial || choices.some(choice => choice.flags & ts.TypeFlags.Null) ? [] : [`${path} is null`]
  if (Array.isArray(value)) return arrayFaults(value, choices, path, partial)
  if (typeof value === 'object') return objectFaults(value, choices, path, partial)
  return choices.some(choice => isOne(value, choice, choices)) ? [] : [`${path} is ${JSON.stringify(value)}, not ${checker.typeToString(type)}`]
}

function isOne(value, type, choices) {
  if (type.isLiteral()) return type.value === value
  if (type.flags & ts.TypeFlags.BooleanLiteral) return typeof value === 'boolean' && checker.typeToString(type) === String(value)
  if (type.flags & ts.TypeFlags.Boolean) return typeof value === 'boolean'
  if (type.flags & ts.TypeFlags.Number) return typeof value === 'number'
  if (type.flags & ts.TypeFlags.Any) return true
  if (typeof value !== 'string') return false
  // A string beside literals stands for words that later versions may bring; ours is this version.
  if (type.flags & ts.TypeFlags.String) return !choices.some(choice => choice.isStringLiteral())
  return type.symbol?.name === 'Decimal' || type.aliasSymbol?.name === 'Decimal'
}

function arrayFaults(value, choices, path, partial) {
  const array = choices.find(choice => checker.isArrayType(choice))
  if (!array) return [`${path} is an array`]
  const [entry] = checker.getTypeArguments(array)
  return value.flatMap((one, place) => compare(one, entry, `${path}.${place}`, partial))
}

/** The faults against the choice that fits best; where objects say what they are, against that one. */
function objectFaults(value, choices, path, partial) {
  const shapes = choices.filter(choice => choice.flags & ts.TypeFlags.Object && !checker.isArrayType(choice))
  const said = shapes.filter(shape => !value.object || literal(shape, 'object') === value.object)
  const all = (said.length > 0 ? said : shapes).map(shape => shapeFaults(value, shape, path, partial))
  return all.sort((one, other) => one.length - other.length)[0] ?? [`${path} is an object`]
}

function shapeFaults(value, shape, path, partial) {
  const others = checker.getIndexInfosOfType(shape)[0]?.type
  const faults = Object.keys(value).flatMap(key => {
    const property = shape.getProperty(key)
    if (!property && !others) return [`${path}.${key} is unknown`]
    const type = property ? checker.getTypeOfSymbol(property) : others
    return isAbsent(type) ? [`${path}.${key} is not sent`] : compare(value[key], type, `${path}.${key}`, partial)
  })
  const required = partial ? [] : shape.getProperties().filter(property => !(property.flags & ts.SymbolFlags.Optional))
  const missing = required.filter(({ name }) => !(name in value) && name !== 'lastResponse')
  return [...faults, ...missing.map(({ name }) => `${path}.${name} is missing`)]
}

/** `deleted?: void` says that something is never there. */
const isAbsent = type => (type.isUnion() ? type.types : [type]).every(one => one.flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined | ts.TypeFlags.Never))

function exported(file) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(file))
  const symbols = module ? checker.getExportsOfModule(module) : []
  const inside = symbols.filter(symbol => symbol.flags & ts.SymbolFlags.NamespaceModule && !(symbol.flags & ts.SymbolFlags.Interface))
  return [...symbols, ...inside.flatMap(symbol => checker.getExportsOfModule(symbol))].filter(symbol => symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias))
}

function propertyType(type, name) {
  return checker.getTypeOfSymbol(checker.getNonNullableType(type).getProperty(name))
}

function literal(type, name) {
  const property = type.getProperty?.(name)
  const found = property && checker.getTypeOfSymbol(property)
  if (!found) return undefined
  return found.isStringLiteral() ? found.value : found.flags & ts.TypeFlags.BooleanLiteral ? checker.typeToString(found) : undefined
}
