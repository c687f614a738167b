import type { Finding } from '@sealift/deploy/driver.ts'
import type { WantedComponent } from '@sealift/deploy/wanted-component.ts'
import type { DeviceRequest, EngineInfo } from './engine-types.ts'

/** Under which names makers register their graphics processors as devices. */
const DEVICE_KINDS = { nvidia: ['nvidia.com/gpu'], amd: ['amd.com/gpu'], intel: ['intel.com/gpu', 'gpu.intel.com/gpu'] } as const
type Vendor = keyof typeof DEVICE_KINDS

/** `nvidia.com/gpu=all` stands for those that are numbered, and is none itself. */
function devicesOf(vendor: Vendor, devices: readonly string[]): readonly string[] {
  return devices.filter((device) => DEVICE_KINDS[vendor].some((kind) => device.startsWith(`${kind}=`)) && !device.endsWith('=all'))
}

/** The devices that an engine found, by their names of the Container Device Interface. */
export function devicesIn({ DiscoveredDevices }: EngineInfo): readonly string[] {
  return (DiscoveredDevices ?? []).filter(({ Source }) => Source === 'cdi').map(({ ID }) => ID)
}

/** Whose graphics processors an engine can give to containers. */
export function gpuVendors(info: EngineInfo): readonly Vendor[] {
  const found = devicesIn(info)
  return (Object.keys(DEVICE_KINDS) as Vendor[]).filter(
    (vendor) => devicesOf(vendor, found).length > 0 || (vendor === 'nvidia' && info.Runtimes?.nvidia !== undefined),
  )
}

/** What asks the engine for graphics processors. */
export function gpuRequest({ count, vendor }: NonNullable<WantedComponent['gpus']>, devices: readonly string[]): DeviceRequest {
  const found = devicesOf(vendor, devices)
  if (found.length >= count) return { Driver: 'cdi', DeviceIDs: found.slice(0, count) }
  // NVIDIA's own runtime counts them itself.
  return { Driver: '', Count: count, Capabilities: [['gpu']] }
}

/** What is wrong with the graphics processors that components ask for. */
export function gpuFindings(components: readonly WantedComponent[], info: EngineInfo): readonly Finding[] {
  const vendors = gpuVendors(info)
  const devices = devicesIn(info)
  return components.flatMap(({ name, gpus }): readonly Finding[] => {
    if (gpus === undefined) return []
    const { count, vendor } = gpus
    const found = devicesOf(vendor, devices).length
    const counted = !(vendor === 'nvidia' && info.Runtimes?.nvidia !== undefined)
    if (vendors.includes(vendor) && (!counted || found >= count)) return []
    return [
      {
        severity: 'error',
        subject: name,
        message: `needs ${count} graphics processors of ${vendor}; the engine can give ${found === 0 ? 'none' : found}`,
        hint: `Install the driver and the container toolkit of ${vendor} on the engine's machine, so that 'docker info' lists the devices, or use another machine.`,
      },
    ]
  })
}
