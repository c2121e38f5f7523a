/** The shop's facts at the start. Money is in cents of a euro, weight in grams, instants are RFC 3339 text in UTC. */
export interface World {
  readonly users: readonly User[];
  readonly brands: readonly Brand[];
  readonly products: readonly Product[];
  /** Oldest first. */
  readonly orders: readonly Order[];
  /** Oldest first. */
  readonly reviews: readonly Review[];
  readonly warehouses: readonly Warehouse[];
  readonly stock: readonly StockLevel[];
  readonly stockAlerts: readonly StockAlert[];
}

export type Region = 'EU' | 'US' | 'APAC';
export type OrderStatus = 'PENDING' | 'PAID' | 'SHIPPED' | 'DELIVERED' | 'CANCELLED';

export interface Address {
  readonly street: string;
  readonly city: string;
  readonly postcode: string;
  readonly country: string;
}

export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly joinedAt: string;
  readonly address: Address;
}

export interface Brand {
  readonly id: string;
  readonly name: string;
  readonly country: string;
}

export interface Product {
  readonly id: string;
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly brandId: string;
  readonly price: number;
  readonly cost: number;
  readonly weight: number;
  readonly addedAt: string;
}

export interface OrderItem {
  readonly productId: string;
  readonly quantity: number;
  readonly unitPrice: number;
}

/** One parcel of an order, numbered from 1 within it. */
export interface Shipment {
  readonly number: number;
  readonly items: readonly OrderItem[];
}

export interface Order {
  readonly id: string;
  readonly userId: string;
  readonly status: OrderStatus;
  readonly placedAt: string;
  readonly items: readonly OrderItem[];
  readonly shippingAddress: Address;
  readonly shipments: readonly Shipment[];
}

export interface Review {
  readonly id: string;
  readonly userId: string;
  readonly productId: string;
  readonly rating: number;
  readonly body: string;
  readonly createdAt: string;
  readonly photoCount: number;
}

export interface Warehouse {
  readonly id: string;
  readonly name: string;
  readonly region: Region;
}

export interface StockLevel {
  readonly productId: string;
  readonly warehouseId: string;
  readonly quantity: number;
}

export interface StockAlert {
  readonly email: string;
  readonly productId: string;
}
