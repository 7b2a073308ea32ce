// Written by `pintail types typescript`. Don't edit: run it again after the schema changed.

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

export type Database = {
  // lets the clients infer what this version of the dialect answers
  __InternalSupabase: { PostgrestVersion: "14.1" }
  public: {
    Tables: {
      customer: {
        Row: {
          city: string
          email: string
          id: number
          joined_at: string
          name: string
        }
        Insert: {
          city: string
          email: string
          id?: number
          joined_at?: string
          name: string
        }
        Update: {
          city?: string
          email?: string
          id?: number
          joined_at?: string
          name?: string
        }
        Relationships: []
      }
      ingredient: {
        Row: {
          allergens: string[]
          id: number
          name: string
          vegan: boolean
        }
        Insert: {
          allergens?: string[]
          id?: number
          name: string
          vegan: boolean
        }
        Update: {
          allergens?: string[]
          id?: number
          name?: string
          vegan?: boolean
        }
        Relationships: []
      }
      order: {
        Row: {
          customer_id: number
          id: number
          note: string | null
          placed_at: string
          status: Database["public"]["Enums"]["order_status"]
          total: number
        }
        Insert: {
          customer_id: number
          id?: number
          note?: string | null
          placed_at?: string
          status?: Database["public"]["Enums"]["order_status"]
          total: number
        }
        Update: {
          customer_id?: number
          id?: number
          note?: string | null
          placed_at?: string
          status?: Database["public"]["Enums"]["order_status"]
          total?: number
        }
        Relationships: [
          {
            foreignKeyName: "order_customer_id_fkey"
            columns: ["customer_id"]
            isOneToOne: false
            referencedRelation: "customer"
            referencedColumns: ["id"]
          },
        ]
      }
      order_item: {
        Row: {
          line: number
          order_id: number
          price: number
          quantity: number
          toast_id: number
        }
        Insert: {
          line: number
          order_id: number
          price: number
          quantity?: number
          toast_id: number
        }
        Update: {
          line?: number
          order_id?: number
          price?: number
          quantity?: number
          toast_id?: number
        }
        Relationships: [
          {
            foreignKeyName: "order_item_order_id_fkey"
            columns: ["order_id"]
            isOneToOne: false
            referencedRelation: "order"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "order_item_toast_id_fkey"
            columns: ["toast_id"]
            isOneToOne: false
            referencedRelation: "toast"
            referencedColumns: ["id"]
          },
        ]
      }
      toast: {
        Row: {
          available: boolean
          description: string
          id: number
          name: string
          notes: Json
          picture: string
          price: number
          rating: number | null
          vegan: boolean
        }
        Insert: {
          available?: boolean
          description: string
          id?: number
          name: string
          notes?: Json
          picture?: string
          price: number
          rating?: number | null
          vegan?: boolean
        }
        Update: {
          available?: boolean
          description?: string
          id?: number
          name?: string
          notes?: Json
          picture?: string
          price?: number
          rating?: number | null
          vegan?: boolean
        }
        Relationships: []
      }
      toast_ingredient: {
        Row: {
          grams: number
          ingredient_id: number
          toast_id: number
        }
        Insert: {
          grams: number
          ingredient_id: number
          toast_id: number
        }
        Update: {
          grams?: number
          ingredient_id?: number
          toast_id?: number
        }
        Relationships: [
          {
            foreignKeyName: "toast_ingredient_toast_id_fkey"
            columns: ["toast_id"]
            isOneToOne: false
            referencedRelation: "toast"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "toast_ingredient_ingredient_id_fkey"
            columns: ["ingredient_id"]
            isOneToOne: false
            referencedRelation: "ingredient"
            referencedColumns: ["id"]
          },
        ]
      }
    }
    Views: { [_ in never]: never }
    Functions: {
      top_toasts:
        | { Args: { most?: number }; Returns: { toast_id: number; name: string; sold: number }[] }
    }
    Enums: {
      order_status: "open" | "paid" | "served" | "cancelled"
    }
    CompositeTypes: { [_ in never]: never }
  }
}
